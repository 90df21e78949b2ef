package import PaxosCore

/// Encodes and decodes the rows of the table of slots without effect; the bytes stand in Schema.swift.
///
/// Each names the one before it: a row that is lost shows at the next, however the table's pages came to
/// lack it. Else a command without effect would be handed out as one with.
package struct IneffectiveCoding: Sendable {
    private static let length = 12
    private let seed: UInt32

    package init(cluster: ClusterID) {
        seed = Checksum.of(Array("ineffective".utf8), after: Checksum.of(Array(cluster.name.utf8)))
    }

    private func checksum(of slot: Slot, after previous: Slot) -> UInt32 {
        Checksum.of(previous.rawValue, after: Checksum.of(slot.rawValue, after: seed))
    }

    package func encode(_ slot: Slot, after previous: Slot) -> [UInt8] {
        var row: [UInt8] = []
        row.append(littleEndian: previous.rawValue)
        let crc = checksum(of: slot, after: previous)
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            row.append(UInt8(truncatingIfNeeded: crc >> shift))
        }
        return row
    }

    /// The slot without effect before this one, `zero` if it is the first; `nil` if these bytes are not what
    /// was written there.
    package func previous(_ row: UnsafeRawBufferPointer, of slot: Slot) -> Slot? {
        guard row.count == Self.length else { return nil }
        let previous = UInt64(littleEndian: row.loadUnaligned(as: UInt64.self))
        let crc = UInt32(littleEndian: row.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        let slotBefore = Slot(rawValue: previous)
        guard crc == checksum(of: slot, after: slotBefore), slotBefore < slot else { return nil }
        return slotBefore
    }
}
