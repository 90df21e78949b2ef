package import PaxosCore

/// Encodes and decodes the rows of one cluster; the bytes stand in Schema.swift.
///
/// Decoding is total: whatever the bytes are, the answer is an entry or `nil`. Lengths are checked once
/// before the loads, which are unaligned because LMDB's values begin at even addresses at best.
package struct RowCoding: Sendable {
    /// The checksum of the cluster's name, with which that of every row begins.
    private let seed: UInt32

    package init(cluster: ClusterID) {
        seed = Checksum.of(Array(cluster.name.utf8))
    }

    private enum At {
        static let kind = 4
        static let flags = 5
        static let reserved = 6
        static let round = 8
        static let node = 16
        static let body = 24
        static let payload = 56
    }

    private static let chosen: UInt8 = 1

    package static func byteCount(of entry: Entry) -> Int {
        switch entry {
        case .command(let command):
            At.payload + command.conditionBytes + command.payload.count
        case .noop: At.body
        case .membership(let membership): At.body + membership.byteCount
        case .void: At.body + Width.token
        }
    }

    // MARK: - Encoding

    /// Writes the whole row into `row`, which has `byteCount(of:)` bytes. The payload is copied here
    /// and nowhere else on its way from the entry into the page.
    package func encode(
        _ entry: Entry,
        ballot: Ballot,
        isChosen: Bool,
        slot: Slot,
        into row: UnsafeMutableRawBufferPointer
    ) {
        precondition(row.count == Self.byteCount(of: entry), "a row is encoded into its own length")
        row[At.flags] = isChosen ? Self.chosen : 0
        row.storeBytes(of: 0, toByteOffset: At.reserved, as: UInt16.self)
        row[At.kind] = entry.kind
        row.store(ballot.round, at: At.round)
        row.store(ballot.node.rawValue, at: At.node)
        switch entry {
        case .command(let command):
            let (node, boot, sequence, place) = command.numbers
            row.store((node, boot, sequence), at: At.body)
            row.store(place, at: At.body + Width.token)
            if command.at != .zero { row.store(command.at.rawValue, at: At.payload) }
            let start = At.payload + command.conditionBytes
            command.payload.withUnsafeBytes { payload in
                UnsafeMutableRawBufferPointer(rebasing: row[start...]).copyMemory(from: payload)
            }
        case .noop: break
        case .membership(let membership):
            row[At.body...].copyBytes(from: membership.encoded())
        case .void(let token):
            row.store(token.numbers, at: At.body)
        }
        row.store(checksum(of: UnsafeRawBufferPointer(row), slot: slot), at: 0)
    }

    private func checksum(of row: UnsafeRawBufferPointer, slot: Slot) -> UInt32 {
        let bound = Checksum.of(slot.rawValue, after: seed)
        return Checksum.of(UnsafeRawBufferPointer(rebasing: row[At.kind...]), after: bound)
    }

    // MARK: - Decoding

    /// A payload ends with its row.
    private static func rest(_ reader: inout ByteReader) -> [UInt8]? {
        let payload = reader.withUnsafeBufferPointer { [UInt8]($0) }
        reader.skip(payload.count)
        return payload
    }

    /// Leaves a payload where it is.
    private static func pass(_ reader: inout ByteReader) -> [UInt8]? {
        reader.skip(reader.remaining) ? [] : nil
    }

    /// Where the payload of a row lies in it, if it is a command's: all of the row is checked, and nothing copied.
    package enum PayloadPlace: Equatable {
        case place(Range<Int>)
        /// The row is what was written, and holds something else.
        case noCommand
        /// These bytes are not what was written in the slot.
        case damaged
    }

    package func payloadPlace(in row: UnsafeRawBufferPointer, slot: Slot) -> PayloadPlace {
        guard let found = decode(row, slot: slot, payload: Self.pass) else { return .damaged }
        guard case .command(let command) = found.entry else { return .noCommand }
        return .place(At.payload + command.conditionBytes..<row.count)
    }

    /// The row of `slot`, or `nil` if these bytes are not what was written there.
    package func decode(_ row: UnsafeRawBufferPointer, slot: Slot) -> AcceptedEntry? {
        decode(row, slot: slot, payload: Self.rest)
    }

    @inline(__always)
    private func decode(
        _ row: UnsafeRawBufferPointer,
        slot: Slot,
        payload: (inout ByteReader) -> [UInt8]?
    ) -> AcceptedEntry? {
        var reader: ByteReader = row.assumingMemoryBound(to: UInt8.self).span
        guard row.count >= At.body, reader.uint32() == checksum(of: row, slot: slot),
            let kind = reader.uint8(), let flags = reader.uint8(), flags & ~Self.chosen == 0,
            reader.uint16() == 0, let round = reader.uint64(),
            let node = reader.uint64().flatMap(NodeID.init(rawValue:)),
            let entry = Entry(kind, from: &reader, payload: payload), reader.remaining == 0
        else { return nil }
        return AcceptedEntry(
            slot: slot,
            ballot: Ballot(round: round, node: node),
            entry: entry,
            isChosen: flags & Self.chosen != 0
        )
    }
}

// Callers have checked the length; an offset beyond it would be an error of ours, and subscripts trap.
extension UnsafeMutableRawBufferPointer {
    fileprivate func store(_ number: UInt32, at offset: Int) {
        precondition(offset + 4 <= count, "a store beyond the row")
        storeBytes(of: number.littleEndian, toByteOffset: offset, as: UInt32.self)
    }

    fileprivate func store(_ number: UInt64, at offset: Int) {
        precondition(offset + 8 <= count, "a store beyond the row")
        storeBytes(of: number.littleEndian, toByteOffset: offset, as: UInt64.self)
    }

    fileprivate func store(_ numbers: (UInt64, UInt64, UInt64), at offset: Int) {
        store(numbers.0, at: offset)
        store(numbers.1, at: offset + 8)
        store(numbers.2, at: offset + 16)
    }
}
