/// The bytes of a checkpoint, all numbers 64-bit little-endian:
///
///     slot | digest of the prefix | sessions | { node | boot | delivered | voided | forgotten boot | past }
///     past:                         sessions | { boot | floor | delivered | voided }
///     delivered, voided:              ranges | { from | through }
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
            session.delivered.append(to: &bytes)
            session.voided.append(to: &bytes)
            bytes.append(littleEndian: session.forgotten.rawValue)
            bytes.append(littleEndian: UInt64(session.past.count))
            for past in session.past {
                bytes.append(littleEndian: past.boot.rawValue)
                bytes.append(littleEndian: past.floor)
                past.delivered.append(to: &bytes)
                past.voided.append(to: &bytes)
            }
        }
        return bytes
    }

    /// How long the bytes are.
    package var byteCount: Int {
        state.sessions.reduce(24) { $0 + $1.byteCount }
    }

    package init?(decoding bytes: [UInt8]) {
        var reader = bytes.span
        self.init(from: &reader)
        guard reader.remaining == 0 else { return nil }
    }

    init?(from reader: inout ByteReader) {
        guard let slot = reader.uint64(), slot < Slot.limit.rawValue,
            let digest = reader.uint64(),
            let count = reader.count(ofSize: LogState.Session.smallestByteCount)
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
    fileprivate static let smallestByteCount = 48

    fileprivate var byteCount: Int {
        past.reduce(32 + delivered.byteCount + voided.byteCount) { $0 + $1.byteCount }
    }

    fileprivate init?(from reader: inout ByteReader) {
        guard let node = reader.uint64().flatMap(NodeID.init(rawValue:)),
            let boot = reader.uint64(), let delivered = NumberRanges(from: &reader),
            let voided = NumberRanges(from: &reader), let forgotten = reader.uint64(),
            let count = reader.count(ofSize: PastSession.smallestByteCount),
            count <= PastSession.mostOfNode
        else { return nil }
        var past: [PastSession] = []
        var last = forgotten
        for _ in 0..<count {
            guard let session = PastSession(from: &reader), session.boot.rawValue > last else {
                return nil
            }
            last = session.boot.rawValue
            past.append(session)
        }
        guard last < boot || last == 0 else { return nil }
        self.init(
            node: node,
            boot: Boot(boot),
            delivered: delivered,
            voided: voided,
            past: past,
            forgotten: Boot(forgotten)
        )
    }
}

extension PastSession {
    fileprivate static let smallestByteCount = 32

    fileprivate var byteCount: Int { 16 + delivered.byteCount + voided.byteCount }

    fileprivate init?(from reader: inout ByteReader) {
        guard let boot = reader.uint64(), let floor = reader.uint64(),
            let delivered = NumberRanges(from: &reader), let voided = NumberRanges(from: &reader),
            delivered.ranges.count <= Self.mostRanges, voided.ranges.count <= Self.mostRanges
        else { return nil }
        self.init(boot: Boot(boot), floor: floor, delivered: delivered, voided: voided)
    }
}

extension NumberRanges {
    fileprivate var byteCount: Int { 8 + 16 * ranges.count }

    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: UInt64(ranges.count))
        for range in ranges {
            bytes.append(littleEndian: range.lowerBound)
            bytes.append(littleEndian: range.upperBound)
        }
    }

    fileprivate init?(from reader: inout ByteReader) {
        guard let count = reader.count(ofSize: 16) else { return nil }
        var ranges: [ClosedRange<UInt64>] = []
        for _ in 0..<count {
            guard let from = reader.uint64(), let through = reader.uint64(), from <= through
            else { return nil }
            ranges.append(from...through)
        }
        self.init(sorted: ranges)
    }
}
