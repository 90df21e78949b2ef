import DiskShim

/// A file as the system's cache and the disk have it: what was written, what a flush has made durable, and what a
/// failed flush has left in the cache as if it were.
struct SealDisk {
    static let sector = 512

    struct Write {
        let place: Int
        let bytes: [UInt8]
        /// Passes for flushed and is not: no flush writes it, unless it is written again.
        var isLost = false
    }

    private(set) var durable: [UInt8]
    private(set) var writes: [Write] = []
    /// The file as a process sees it.
    private(set) var cache: [UInt8]
    /// A write that waits for the disk itself: one sector, so it is there or not.
    private var underWay: (place: Int, bytes: [UInt8])?

    init(_ bytes: [UInt8]) {
        durable = bytes
        cache = bytes
    }

    mutating func write(_ bytes: [UInt8], at place: Int) {
        writes.append(Write(place: place, bytes: bytes))
        Self.put(bytes, at: place, in: &cache)
    }

    /// - Parameter count: It covers the first so many of the writes that are not durable.
    mutating func flushed(_ count: Int, failed: Bool = false) {
        if failed {
            for index in 0..<count { writes[index].isLost = true }
            return
        }
        // Of a sector that was written again since, what the cache holds goes to the disk, whole.
        var dirty: Set<Int> = []
        var before = durable
        for write in writes[..<count] {
            Self.put(write.bytes, at: write.place, in: &before)
            if !write.isLost { dirty.formUnion(Self.sectors(write)) }
        }
        var kept: [Write] = []
        for (index, write) in writes.enumerated() {
            if index >= count {
                kept.append(write)
            } else if write.isLost {
                // What no later write covers may be there or not, for ever.
                for sector in Self.sectors(write) where !dirty.contains(sector) {
                    kept.append(Self.part(write, of: sector))
                }
            }
        }
        let length = writes[..<count].filter { !$0.isLost }.map { $0.place + $0.bytes.count }.max()
        if let length, length > durable.count {
            durable += [UInt8](repeating: 0, count: length - durable.count)
        }
        for sector in dirty {
            let begin = sector * Self.sector
            let end = min(begin + Self.sector, before.count)
            Self.put(Array(before[begin..<end]), at: begin, in: &durable)
        }
        writes = kept
    }

    /// The last write has waited for the disk itself.
    mutating func lastWriteIsDurable() {
        guard let last = writes.popLast() else { return }
        Self.put(last.bytes, at: last.place, in: &durable)
    }

    // MARK: - Power cuts

    /// The sectors of which several versions may be found, each version with its bytes: those that differ.
    struct Choice {
        let sector: Int
        let versions: [[UInt8]]
    }

    var choices: [Choice] {
        var chains: [Int: [[UInt8]]] = [:]
        for write in writes {
            for sector in Self.sectors(write) {
                var chain = chains[sector] ?? [bytes(of: sector)]
                var next = chain[chain.count - 1]
                let part = Self.part(write, of: sector)
                Self.put(part.bytes, at: part.place - sector * Self.sector, in: &next)
                chain.append(next)
                chains[sector] = chain
            }
        }
        return chains.map { sector, chain in
            var versions: [[UInt8]] = []
            for version in chain where !versions.contains(version) { versions.append(version) }
            return Choice(sector: sector, versions: versions)
        }
        .filter { $0.versions.count > 1 }.sorted { $0.sector < $1.sector }
    }

    private func bytes(of sector: Int) -> [UInt8] {
        let begin = sector * Self.sector
        var bytes =
            begin < durable.count
            ? Array(durable[begin..<min(begin + Self.sector, durable.count)]) : []
        bytes += [UInt8](repeating: 0, count: Self.sector - bytes.count)
        return bytes
    }

    /// The disk with a version of each sector; as long as the cache, or as was flushed.
    func image(_ choices: [Choice], _ versions: [Int], keepsLength: Bool) -> [UInt8] {
        var bytes = durable
        if cache.count > bytes.count {
            bytes += [UInt8](repeating: 0, count: cache.count - bytes.count)
        }
        for (choice, version) in zip(choices, versions) {
            Self.put(choice.versions[version], at: choice.sector * Self.sector, in: &bytes)
        }
        let length = keepsLength ? cache.count : durable.count
        if bytes.count > length { bytes.removeLast(bytes.count - length) }
        return bytes
    }

    private static func sectors(_ write: Write) -> ClosedRange<Int> {
        write.place / sector...(write.place + write.bytes.count - 1) / sector
    }

    private static func part(_ write: Write, of sector: Int) -> Write {
        let begin = max(write.place, sector * Self.sector)
        let end = min(write.place + write.bytes.count, (sector + 1) * Self.sector)
        let bytes = Array(write.bytes[begin - write.place..<end - write.place])
        return Write(place: begin, bytes: bytes, isLost: write.isLost)
    }

    private static func put(_ part: [UInt8], at place: Int, in bytes: inout [UInt8]) {
        let end = place + part.count
        if end > bytes.count { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
        bytes.withUnsafeMutableBytes { bytes in
            part.withUnsafeBytes { part in
                UnsafeMutableRawBufferPointer(rebasing: bytes[place..<end]).copyMemory(from: part)
            }
        }
    }
}

extension SealDisk {
    /// Lets an event of a recording of the file happen; whether a flush is about to end well is told before it
    /// does, since then most images are legal.
    mutating func apply(_ event: DiskEvent, _ flushes: inout [Int: Int], _ index: Int) {
        switch event {
        case .write(_, let offset, let bytes) where !bytes.isEmpty: write(bytes, at: offset)
        case .flushBegan: flushes[index] = writes.count
        case .flushEnded(_, _, let began, let error):
            flushed(flushes[began] ?? 0, failed: error != 0)
        case .synchronousWriteBegan(_, let offset, let bytes): underWay = (offset, bytes)
        case .synchronousWriteEnded(_, _, let error):
            guard let (offset, bytes) = underWay, error == 0 else { return }
            write(bytes, at: offset)
            lastWriteIsDurable()
        default: break
        }
    }
}
