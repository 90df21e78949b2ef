package import PaxosCore

/// FNV-1a, 64 bits wide, over words: equal traces have equal digests on every machine.
package struct Digest: Hashable, Sendable, CustomStringConvertible {
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    package mutating func add(_ word: UInt64) {
        var rest = word
        for _ in 0..<8 {
            value = (value ^ (rest & 0xFF)) &* 0x0000_0100_0000_01B3
            rest >>= 8
        }
    }

    /// 16 lower-case hexadecimal digits.
    package var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// What tells a message from others.
extension Digest: MessageFacts {
    package mutating func tell(_ ballot: Ballot) {
        add(ballot.round << 8 ^ ballot.node.rawValue)
    }

    package mutating func tell(_ slots: ClosedRange<Slot>) {
        add(slots.lowerBound.rawValue)
        add(slots.upperBound.rawValue)
    }

    package mutating func tell(_ run: EntryRun) { tell(run.slots) }

    package mutating func tell(_ rows: [AcceptedEntry]) {
        add(UInt64(rows.count))
        if let first = rows.first { add(first.slot.rawValue) }
    }

    package mutating func tell(_ name: String, _ value: UInt64) { add(value) }

    package mutating func tell(_ name: String, _ value: Ballot) { tell(value) }

    package mutating func tell(_ name: String, _ value: Token) {
        add(value.node.rawValue << 48 ^ value.boot.rawValue << 32 ^ value.sequence)
    }

    package mutating func tell(_ name: String, _ value: String) {
        for byte in value.utf8 { add(UInt64(byte)) }
    }
}
