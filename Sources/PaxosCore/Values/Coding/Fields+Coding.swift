/// The fields that messages are made of, all numbers little-endian:
///
///     field      bytes  what
///     slot           8  below 2^62: no correct node names a higher one, and sums of slots do not
///                       overflow (`R10`, `R80`)
///     slots         16  first slot | last slot, not in descending order
///     node           8  at least 1
///     ballot        16  round | node; all zero for `Ballot.zero`
///     token         24  node | boot | sequence
///     presence      32  incarnation high | low | boot | nonce
///     mark          16  slot | digest of the prefix through it
///     payload      4+n  count of bytes | bytes
extension ByteReader {
    mutating func slot() -> Slot? {
        uint64().flatMap { $0 < Slot.limit.rawValue ? Slot(rawValue: $0) : nil }
    }

    mutating func slots() -> ClosedRange<Slot>? {
        guard let first = slot(), let last = slot(), first <= last else { return nil }
        return first...last
    }

    mutating func mark() -> PrefixMark? {
        guard let slot = slot(), let digest = uint64() else { return nil }
        return PrefixMark(slot: slot, digest: PrefixDigest(digest))
    }

    mutating func node() -> NodeID? { uint64().flatMap(NodeID.init(rawValue:)) }

    mutating func ballot() -> Ballot? {
        guard let round = uint64(), let node = uint64() else { return nil }
        guard let id = NodeID(rawValue: node) else { return round == 0 ? .zero : nil }
        return Ballot(round: round, node: id)
    }

    mutating func token() -> Token? {
        guard let node = uint64(), let boot = uint64(), let sequence = uint64() else { return nil }
        return Token(numbers: (node, boot, sequence))
    }

    mutating func presence() -> Presence? {
        guard let high = uint64(), let low = uint64(), let boot = uint64(), let nonce = uint64()
        else { return nil }
        return Presence(
            incarnation: Incarnation(high: high, low: low),
            process: ProcessID(boot: Boot(boot), nonce: Nonce(nonce))
        )
    }

    mutating func payload() -> [UInt8]? {
        guard let length = uint32(), let length = Int(exactly: length) else { return nil }
        return bytes(length)
    }

    /// 0 or 1.
    mutating func flag() -> Bool? {
        uint8().flatMap { $0 > 1 ? nil : $0 == 1 }
    }
}

extension [UInt8] {
    mutating func append(slot: Slot) { append(littleEndian: slot.rawValue) }

    mutating func append(slots: ClosedRange<Slot>) {
        append(littleEndian: slots.lowerBound.rawValue, slots.upperBound.rawValue)
    }

    mutating func append(mark: PrefixMark) {
        append(littleEndian: mark.slot.rawValue, mark.digest.rawValue)
    }

    mutating func append(node: NodeID) { append(littleEndian: node.rawValue) }

    mutating func append(ballot: Ballot) {
        append(littleEndian: ballot.round, ballot.node.rawValue)
    }

    mutating func append(token: Token) {
        let (node, boot, sequence) = token.numbers
        append(littleEndian: node, boot)
        append(littleEndian: sequence)
    }

    mutating func append(presence: Presence) {
        append(littleEndian: presence.incarnation.high, presence.incarnation.low)
        append(littleEndian: presence.process.boot.rawValue, presence.process.nonce.rawValue)
    }

    mutating func append(payload: [UInt8]) {
        append(littleEndian: UInt32(payload.count))
        append(contentsOf: payload)
    }

    mutating func append(flag: Bool) { append(UInt8(flag ? 1 : 0)) }
}

extension Token {
    /// What is written of it, in this order: in messages and in the store's rows.
    package var numbers: (UInt64, UInt64, UInt64) { (node.rawValue, boot.rawValue, sequence) }

    /// `nil` if no node has the first number.
    package init?(numbers: (UInt64, UInt64, UInt64)) {
        guard let node = NodeID(rawValue: numbers.0) else { return nil }
        self.init(node: node, boot: Boot(numbers.1), sequence: numbers.2)
    }
}

/// How many bytes a field takes.
package enum Width {
    static let slot = 8
    static let slots = 16
    static let mark = 16
    static let node = 8
    static let ballot = 16
    package static let token = 24
    static let presence = 32
    /// Beside the bytes themselves.
    static let payload = 4
}
