internal import LogWire
internal import PaxosCore

/// Stored rows: eight bytes that are the slot, and the row.
enum Rows {
    private static let clusters = ["orders", "ordert"].map(cluster)
    private static let ballot = 8..<24

    static func check(_ input: inout Input) throws(Violation) -> Bool {
        guard input.bytes.count >= 8 else { return false }
        let slot = Slot(rawValue: input.bytes.number(at: 0))
        var row = Array(input.bytes[8...])
        if input.mends, row.count >= 4 { mend(&row, slot) }
        guard let decoded = decode(row, slot) else { return false }
        try require(decoded.slot == slot, "a row of another slot")
        try require(encode(decoded) == row, "a row is written as another than was read")
        let otherSlot = Slot(rawValue: slot.rawValue ^ 1 << UInt64(input.below(64)))
        try require(decode(row, otherSlot) == nil, "a row is taken in slot \(otherSlot)")
        try require(decode(row, slot, in: clusters[1]) == nil, "a row is taken in another cluster")
        let bits = [
            input.below(8 * row.count), 8 * ballot.lowerBound + input.below(8 * ballot.count),
        ]
        for bit in bits {
            try require(
                decode(row.flipping(bit: bit), slot) == nil,
                "a row with bit \(bit) flipped is taken"
            )
        }
        return true
    }

    static func cluster(_ name: String) -> ClusterID {
        do {
            return try ClusterID(name)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    private static func mend(_ row: inout [UInt8], _ slot: Slot) {
        var place = Array(clusters[0].name.utf8)
        place.append(littleEndian: slot.rawValue)
        row.put(row.checksum(4..<row.count, after: place.checksum()), at: 0)
    }

    /// From bytes of their own, so that a load beyond them is one beyond an allocation.
    private static func decode(
        _ row: [UInt8],
        _ slot: Slot,
        in cluster: ClusterID = clusters[0]
    ) -> AcceptedEntry? {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: row.count, alignment: 1)
        defer { bytes.deallocate() }
        bytes.copyBytes(from: row)
        return RowCoding(cluster: cluster).decode(UnsafeRawBufferPointer(bytes), slot: slot)
    }

    private static func encode(_ row: AcceptedEntry) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xAA, count: RowCoding.byteCount(of: row.entry))
        bytes.withUnsafeMutableBytes { bytes in
            RowCoding(cluster: clusters[0]).encode(
                row.entry,
                ballot: row.ballot,
                isChosen: row.isChosen,
                slot: row.slot,
                into: bytes
            )
        }
        return bytes
    }
}
