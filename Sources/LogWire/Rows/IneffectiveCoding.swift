package import PaxosCore

/// Where the table of slots without effect ends, or ended when a row was put.
package struct IneffectiveEnd: Hashable, Sendable {
    /// The highest slot without effect, `zero` if there is none.
    package var slot = Slot.zero
    /// How many there are.
    package var count: UInt64 = 0

    package init(slot: Slot = .zero, count: UInt64 = 0) {
        self.slot = slot
        self.count = count
    }
}

/// Encodes and decodes the rows of the table of slots without effect; the bytes stand in Schema.swift.
///
/// Each names the one before it: a row that is lost shows at the next, however the table's pages came to
/// lack it. Else a command without effect would be handed out as one with. Behind the last there is no
/// next: so each has its number as well, which is what the table counts if it is the last.
package struct IneffectiveCoding: Sendable {
    private static let length = 20
    private let seed: UInt32

    package init(cluster: ClusterID) {
        seed = Checksum.of(Array("ineffective".utf8), after: Checksum.of(Array(cluster.name.utf8)))
    }

    private func checksum(of slot: Slot, _ previous: UInt64, _ number: UInt64) -> UInt32 {
        let bound = Checksum.of(slot.rawValue, after: seed)
        return Checksum.of(number, after: Checksum.of(previous, after: bound))
    }

    package func encode(_ slot: Slot, after end: IneffectiveEnd) -> [UInt8] {
        var row: [UInt8] = []
        row.append(littleEndian: end.slot.rawValue)
        row.append(littleEndian: end.count + 1)
        row.append(littleEndian: checksum(of: slot, end.slot.rawValue, end.count + 1))
        return row
    }

    /// Where the table ended before this row; `nil` if these bytes are not what was written there.
    package func end(before row: UnsafeRawBufferPointer, of slot: Slot) -> IneffectiveEnd? {
        var reader: ByteReader = row.assumingMemoryBound(to: UInt8.self).span
        guard row.count == Self.length, let previous = reader.uint64(),
            let number = reader.uint64(), let crc = reader.uint32(),
            crc == checksum(of: slot, previous, number), previous < slot.rawValue, number > 0
        else { return nil }
        return IneffectiveEnd(slot: Slot(rawValue: previous), count: number - 1)
    }
}
