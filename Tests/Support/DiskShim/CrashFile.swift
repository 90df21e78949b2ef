/// One file at a point of a recording: what is certainly on disk, and what is under way there.
///
/// The unit in which a disk keeps or loses is the sector of 512 bytes. Each sector has the writes
/// that touched it in order, and the versions it may have after a crash are the states between
/// them: from all that a flush covered (the floor) to all there is. A write can so be torn between
/// its sectors, not inside one.
struct CrashFile: Sendable {
    static let sectorBytes = 512

    enum Change: Sendable {
        case write(offset: Int, bytes: [UInt8])
        case truncate(length: Int)
    }

    struct Mutation: Sendable {
        let event: Int
        let change: Change
        var isDurable = false
    }

    /// The versions a sector may have: after `floor...count` of the writes that touch it.
    struct DirtySector: Hashable, Sendable {
        let sector: Int
        let floor: Int
        /// The events of the writes, in order.
        let writes: [Int]
        var count: Int { writes.count }
    }

    /// The bytes after all changes before `mutations`, which are durable.
    private(set) var base: [UInt8]
    private(set) var mutations: [Mutation] = []

    init(base: [UInt8]) {
        self.base = base
    }

    mutating func add(_ change: Change, event: Int) {
        mutations.append(Mutation(event: event, change: change))
    }

    /// A flush that began with this event has ended well.
    mutating func flushed(before event: Int) {
        for index in mutations.indices where mutations[index].event < event {
            mutations[index].isDurable = true
        }
        fold()
    }

    /// The synchronous write that began with this event has ended well.
    mutating func synchronousWriteEnded(_ event: Int) {
        for index in mutations.indices where mutations[index].event == event {
            mutations[index].isDurable = true
        }
        fold()
    }

    /// Works what is durable and in front into the base.
    private mutating func fold() {
        let durable = mutations.prefix { $0.isDurable }
        for mutation in durable { Self.apply(mutation.change, to: &base) }
        mutations.removeFirst(durable.count)
    }

    /// The length if nothing that is not durable survived, and if all of it did.
    var lengths: (lost: Int, kept: Int) {
        var (lost, kept) = (base.count, base.count)
        for mutation in mutations {
            kept = Self.length(kept, after: mutation.change)
            if mutation.isDurable { lost = Self.length(lost, after: mutation.change) }
        }
        return (lost, kept)
    }

    /// The sectors of which more than one version may be found.
    var dirtySectors: [DirtySector] {
        var chains: [Int: (floor: Int, writes: [Int])] = [:]
        for mutation in mutations {
            guard case .write(let offset, let bytes) = mutation.change, !bytes.isEmpty else {
                continue
            }
            for sector in Self.sectors(offset, bytes.count) {
                var chain = chains[sector] ?? (0, [])
                chain.writes.append(mutation.event)
                if mutation.isDurable { chain.floor = chain.writes.count }
                chains[sector] = chain
            }
        }
        return chains.filter { $0.value.floor < $0.value.writes.count }
            .map { DirtySector(sector: $0.key, floor: $0.value.floor, writes: $0.value.writes) }
            .sorted { $0.sector < $1.sector }
    }

    /// The bytes of an image: each dirty sector in its version, the length lost or kept.
    func contents(versions: [Int: Int], keepsLength: Bool) -> [UInt8] {
        var bytes = base
        var seen: [Int: Int] = [:]
        for mutation in mutations {
            switch mutation.change {
            case .truncate:
                if mutation.isDurable || keepsLength { Self.apply(mutation.change, to: &bytes) }
            case .write(let offset, let data):
                guard !data.isEmpty else { continue }
                for sector in Self.sectors(offset, data.count) {
                    let position = seen[sector, default: 0]
                    seen[sector] = position + 1
                    guard versions[sector].map({ position < $0 }) ?? true else { continue }
                    let start = max(offset, sector * Self.sectorBytes)
                    let end = min(offset + data.count, (sector + 1) * Self.sectorBytes)
                    let part = Array(data[(start - offset)..<(end - offset)])
                    Self.apply(.write(offset: start, bytes: part), to: &bytes)
                }
            }
        }
        let length = keepsLength ? lengths.kept : lengths.lost
        Self.apply(.truncate(length: length), to: &bytes)
        return bytes
    }

    private static func sectors(_ offset: Int, _ count: Int) -> ClosedRange<Int> {
        (offset / sectorBytes)...((offset + count - 1) / sectorBytes)
    }

    private static func length(_ length: Int, after change: Change) -> Int {
        switch change {
        case .write(let offset, let bytes):
            bytes.isEmpty ? length : max(length, offset + bytes.count)
        case .truncate(let length): length
        }
    }

    private static func apply(_ change: Change, to file: inout [UInt8]) {
        let length = length(file.count, after: change)
        if length > file.count {
            file.append(contentsOf: [UInt8](repeating: 0, count: length - file.count))
        } else {
            file.removeLast(file.count - length)
        }
        if case .write(let offset, let bytes) = change, !bytes.isEmpty {
            // By memory and not by elements: tests are not optimised, and this is most of their work.
            file.withUnsafeMutableBytes { file in
                bytes.withUnsafeBytes { bytes in
                    let range = offset..<(offset + bytes.count)
                    UnsafeMutableRawBufferPointer(rebasing: file[range]).copyMemory(from: bytes)
                }
            }
        }
    }
}
