/// The bytes of a checkpoint, all numbers 64-bit little-endian:
///
///     slot | digest of the prefix | sessions | { node | boot | ranges | { from | through } }
///
/// Read back only behind a checksum, and refused whole if anything is out of order.
extension Checkpoint {
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: slot.rawValue)
        bytes.append(littleEndian: digest.rawValue)
        bytes.append(littleEndian: UInt64(state.sessions.count))
        for session in state.sessions {
            bytes.append(littleEndian: session.node.rawValue)
            bytes.append(littleEndian: session.boot.rawValue)
            bytes.append(littleEndian: UInt64(session.delivered.ranges.count))
            for range in session.delivered.ranges {
                bytes.append(littleEndian: range.lowerBound)
                bytes.append(littleEndian: range.upperBound)
            }
        }
        return bytes
    }

    /// How long the bytes are.
    package var byteCount: Int {
        state.sessions.reduce(24) { $0 + 24 + 16 * $1.delivered.ranges.count }
    }

    package init?(decoding bytes: [UInt8]) {
        var reader = bytes.span
        self.init(from: &reader)
        guard reader.remaining == 0 else { return nil }
    }

    init?(from reader: inout ByteReader) {
        guard let slot = reader.uint64(), slot < Slot.limit.rawValue,
            let digest = reader.uint64(), let count = reader.count(ofSize: 24)
        else { return nil }
        var sessions: [LogState.Session] = []
        for _ in 0..<count {
            guard let session = LogState.Session(from: &reader) else { return nil }
            sessions.append(session)
        }
        guard let state = LogState(sessions: sessions) else { return nil }
        self.init(slot: Slot(rawValue: slot), digest: PrefixDigest(digest), state: state)
    }
}

extension LogState.Session {
    fileprivate init?(from reader: inout ByteReader) {
        guard let node = reader.uint64().flatMap(NodeID.init(rawValue:)),
            let boot = reader.uint64(), let count = reader.count(ofSize: 16)
        else { return nil }
        var ranges: [ClosedRange<UInt64>] = []
        for _ in 0..<count {
            guard let from = reader.uint64(), let through = reader.uint64(), from <= through
            else { return nil }
            ranges.append(from...through)
        }
        guard let delivered = NumberRanges(sorted: ranges) else { return nil }
        self.init(node: node, boot: Boot(boot), delivered: delivered)
    }
}
