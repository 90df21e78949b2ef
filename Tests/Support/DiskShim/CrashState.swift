/// A directory at a point of a recording, as a power cut at that point would meet it.
///
/// Advance it event by event and ask for the crash images at each: cheaper than beginning anew for
/// every point. A flush or a synchronous write that has begun and not ended makes nothing durable
/// for certain; one that failed neither, and what it covered may all the same be found.
package struct CrashState: Sendable {
    private let recording: DiskRecording
    /// How many events have happened.
    package private(set) var point = 0
    private(set) var names = CrashNames()
    private(set) var files: [Int: CrashFile] = [:]
    // What a flush that is under way was called on, by its event: the name may change meanwhile.
    private var underWay: [Int: CrashNames.Node] = [:]

    /// The state before the first event: all that was there is durable.
    package init(_ recording: DiskRecording) {
        self.recording = recording
        for path in recording.directories {
            names.place(.directory(names.makeNumber()), at: path)
        }
        for (path, bytes) in recording.files.sorted(by: { $0.key < $1.key }) {
            let number = names.makeNumber()
            files[number] = CrashFile(base: bytes)
            names.place(.file(number), at: path)
        }
    }

    /// Lets events happen until so many have.
    package mutating func advance(to point: Int) {
        precondition(point >= self.point, "a state does not go back")
        while self.point < min(point, recording.events.count) {
            apply(recording.events[self.point], self.point)
            self.point += 1
        }
    }

    private mutating func apply(_ event: DiskEvent, _ index: Int) {
        switch event {
        case .create(let path):
            guard let place = names.place(of: path) else { return }
            let number = names.makeNumber()
            files[number] = CrashFile(base: [])
            names.add(.link(place, .file(number)), event: index)
        case .makeDirectory(let path):
            guard let place = names.place(of: path) else { return }
            names.add(.link(place, .directory(names.makeNumber())), event: index)
        case .remove(let path):
            guard let place = names.place(of: path) else { return }
            names.add(.remove(place), event: index)
        case .rename(let from, let to):
            switch (names.place(of: from), names.place(of: to)) {
            case (let from?, let to?): names.add(.rename(from: from, to: to), event: index)
            case (let from?, nil): names.add(.remove(from), event: index)
            case (nil, _?):
                preconditionFailure("\(from) came from outside: what is in it was not recorded")
            case (nil, nil): break
            }
        case .write(let path, let offset, let bytes):
            change(path, .write(offset: offset, bytes: bytes), index)
        case .truncate(let path, let length):
            change(path, .truncate(length: length), index)
        case .synchronousWriteBegan(let path, let offset, let bytes):
            underWay[index] = names.node(at: path)
            change(path, .write(offset: offset, bytes: bytes), index)
        case .synchronousWriteEnded(_, let began, let error):
            guard case .file(let number)? = underWay.removeValue(forKey: began), error == 0 else {
                return
            }
            files[number]?.synchronousWriteEnded(began)
        case .flushBegan(let path, _):
            underWay[index] = names.node(at: path)
        case .flushEnded(_, _, let began, let error):
            guard let node = underWay.removeValue(forKey: began), error == 0 else { return }
            switch node {
            case .file(let number): files[number]?.flushed(before: began)
            case .directory(let number): names.synced(directory: number, before: began)
            }
        case .mark, .failedWrite: break
        }
    }

    private mutating func change(_ path: String, _ change: CrashFile.Change, _ index: Int) {
        guard case .file(let number)? = names.node(at: path) else { return }
        files[number]?.add(change, event: index)
    }

    /// The marks made so far, in order.
    package var marks: [(kind: UInt64, value: UInt64)] {
        recording.events.prefix(point).compactMap { event in
            if case .mark(let kind, let value) = event { (kind, value) } else { nil }
        }
    }
}
