import PaxosCore

/// The host's snapshots of a member, as files beside its disk: of those that are whole the newest two, and one that is
/// on its way here. Each act is whole or not begun, but for the bytes of an unfinished file: of those that were not
/// flushed a crash leaves some.
struct SimulatedFolder {
    struct File: Equatable {
        let name: SnapshotName
        let base: Base
        var bytes: [UInt8]
        /// So many of them are there whatever happens.
        var flushed: Int

        var isDurable: Bool { flushed == bytes.count }
    }

    private struct Part {
        let name: SnapshotName
        var bytes: [UInt8] = []
        var flushed = 0
    }

    private static let kept = 2

    /// From which the log leads on, in ascending order.
    private(set) var files: [File] = []
    /// It has its name, and the log does not lead on from it yet.
    private(set) var arrived: File?
    private var part: Part?
    /// Being read by others, whatever becomes of the name; of the process.
    private var lent: [File] = []
    /// How many pieces were ever written of what others give.
    private(set) var writes = 0

    /// How much of one has come.
    var taking: Int { part?.bytes.count ?? 0 }
    /// Somebody reads one.
    var isLending: Bool { !lent.isEmpty }

    static func digest(of bytes: [UInt8]) -> UInt64 {
        var hash = SipHash(key: (UInt64(bytes.count), 0))
        for byte in bytes { hash.absorb(UInt64(byte)) }
        return hash.finish()
    }

    /// What a process finds that opens the directory.
    var begun: SnapshotName? { part?.name ?? arrived?.name }

    /// Rows above are kept for a snapshot.
    var keepsAbove: Slot { files.first?.base.slot ?? .limit }

    /// The host of this member has written one.
    mutating func write(_ bytes: [UInt8], behind base: Base) {
        let name = SnapshotName(slot: base.slot, digest: Self.digest(of: bytes))
        add(File(name: name, base: base, bytes: bytes, flushed: bytes.count))
    }

    private mutating func add(_ file: File) {
        files.removeAll { $0.base.slot == file.base.slot }
        files.append(file)
        files.sort { $0.base.slot < $1.base.slot }
        while files.count > Self.kept { files.removeFirst() }
    }

    /// The log begins behind this slot: none below leads on, and one that was waited for does.
    mutating func noteTrimmed(through slot: Slot) {
        files.removeAll { $0.base.slot < slot }
        guard let file = arrived, file.base.slot <= slot else { return }
        arrived = nil
        if file.base.slot == slot { add(file) }
    }

    /// The process ends, and perhaps the power went.
    mutating func crash() {
        lent = []
        if let unfinished = part {
            let kept = (unfinished.flushed + unfinished.bytes.count) / 2
            part?.bytes = Array(unfinished.bytes.prefix(kept))
            part?.flushed = kept
        }
        for place in files.indices { files[place].crash() }
        arrived?.crash()
    }

    // MARK: - Tasks

    /// What comes of a task; `nil` if nothing is answered.
    mutating func perform(
        _ work: SnapshotTask.Work,
        mutant: Mutant?
    ) -> SnapshotCompletion.Result? {
        switch work {
        case .find(let slots, let preferred):
            let fitting = files.filter { slots.contains($0.base.slot) }
            let file = fitting.last { $0.name == preferred } ?? fitting.last
            return .offer(
                file.map {
                    let (digest, bytes) = ($0.name.digest, UInt64($0.bytes.count))
                    return OfferedBase(
                        $0.base,
                        snapshot: OfferedBase.Snapshot(digest: digest, bytes: bytes)
                    )
                }
            )
        case .read(let name, let offset, let maxBytes):
            guard let file = (lent + files).first(where: { $0.name == name }) else {
                return .piece([])
            }
            if !lent.contains(file) { lent.append(file) }
            return .piece(Array(file.bytes.dropFirst(Int(offset)).prefix(maxBytes)))
        case .letGo(let name):
            lent.removeAll { $0.name == name }
            return nil
        case .begin(let name, let bytes):
            if arrived?.name == name { return .begun(through: bytes) }
            if part?.name != name { part = Part(name: name) }
            return .begun(through: UInt64(part?.bytes.count ?? 0))
        case .write(let name, let offset, let bytes):
            guard part?.name == name, part?.bytes.count == Int(offset) else { return .failed }
            part?.bytes += bytes
            writes += 1
            if let count = part?.bytes.count, count % 3 == 0 { part?.flushed = count }
            return .written
        case .finish(let name, let base):
            return finish(name, base, mutant)
        }
    }

    private mutating func finish(
        _ name: SnapshotName,
        _ base: Base,
        _ mutant: Mutant?
    ) -> SnapshotCompletion.Result {
        if let arrived, arrived.name == name { return arrived.base == base ? .finished : .damaged }
        guard let unfinished = part, unfinished.name == name else { return .failed }
        part = nil
        guard Self.digest(of: unfinished.bytes) == name.digest else { return .damaged }
        let flushed =
            mutant == .snapshotNamedUnflushed ? unfinished.flushed : unfinished.bytes.count
        arrived = File(name: name, base: base, bytes: unfinished.bytes, flushed: flushed)
        return .finished
    }
}

extension SimulatedFolder.File {
    /// What was not flushed is gone, whatever the name of the file.
    fileprivate mutating func crash() {
        bytes = Array(bytes.prefix(flushed))
    }
}
