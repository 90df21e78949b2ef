/// The bytes of what a node knows of its peers, all numbers 64-bit little-endian, and
/// a byte that is 1 if the two have met both ways:
///
///     count | { node | incarnation high | incarnation low | boot | nonce | mutual | heard | tag }
///
/// Read back only behind a checksum, and refused whole if anything is out of order.
extension PeerRecord {
    private static let byteCount = Width.node + Width.presence + 1 + 16

    package static func encoded(_ records: [PeerRecord]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: UInt64(records.count))
        for record in records {
            bytes.append(node: record.node)
            bytes.append(presence: record.presence)
            bytes.append(flag: record.isMutual)
            bytes.append(littleEndian: record.heard.rawValue)
            bytes.append(littleEndian: record.tag)
        }
        return bytes
    }

    package static func decode(_ bytes: [UInt8]) -> [PeerRecord]? {
        var reader = bytes.span
        guard let count = reader.count(ofSize: byteCount) else { return nil }
        var records: [PeerRecord] = []
        for _ in 0..<count {
            guard let node = reader.node(), let presence = reader.presence(),
                let isMutual = reader.flag(), let heard = reader.uint64(),
                let tag = reader.uint64(),
                records.allSatisfy({ $0.node < node })
            else { return nil }
            records.append(
                PeerRecord(
                    node: node,
                    incarnation: presence.incarnation,
                    boot: presence.process.boot,
                    nonce: presence.process.nonce,
                    isMutual: isMutual,
                    heard: WriteNumber(heard),
                    tag: tag
                )
            )
        }
        return reader.remaining == 0 ? records : nil
    }
}
