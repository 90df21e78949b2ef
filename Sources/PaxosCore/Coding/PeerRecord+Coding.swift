/// The bytes of what a node knows of its peers, all numbers 64-bit little-endian:
///
///     count | { node | incarnation high | incarnation low | boot | nonce }
///
/// Read back only behind a checksum, and refused whole if anything is out of order.
extension PeerRecord {
    private static let byteCount = 40

    package static func encoded(_ records: [PeerRecord]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: UInt64(records.count))
        for record in records {
            bytes.append(littleEndian: record.node.rawValue)
            bytes.append(littleEndian: record.incarnation.high)
            bytes.append(littleEndian: record.incarnation.low)
            bytes.append(littleEndian: record.boot.rawValue)
            bytes.append(littleEndian: record.nonce.rawValue)
        }
        return bytes
    }

    package static func decode(_ bytes: [UInt8]) -> [PeerRecord]? {
        var reader = ByteReader(bytes)
        guard let count = reader.count(ofSize: byteCount) else { return nil }
        var records: [PeerRecord] = []
        for _ in 0..<count {
            guard let node = reader.uint64().flatMap(NodeID.init(rawValue:)),
                let high = reader.uint64(), let low = reader.uint64(), let boot = reader.uint64(),
                let nonce = reader.uint64(),
                records.allSatisfy({ $0.node < node })
            else { return nil }
            records.append(
                PeerRecord(
                    node: node,
                    incarnation: Incarnation(high: high, low: low),
                    boot: Boot(boot),
                    nonce: Nonce(nonce)
                )
            )
        }
        return reader.remaining == 0 ? records : nil
    }
}
