/// A running digest of a committed prefix: two members that have the same entries in it have the same, and two
/// that differ in one slot, however far back, have others from there on. So it is enough to compare any later
/// slot that both know (`R37`, `R67`).
///
/// It is of entries alone: under which ballot a member holds one, and whether it was fetched, says nothing of what
/// was chosen. Of a payload at most 64 bytes are taken in, spread over it, so that an entry costs the same
/// whatever its size. What this is to find are two histories, and those differ in whatever was appended
/// since they parted; it is no checksum of the bytes.
package struct PrefixDigest: Hashable, Sendable {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Of no slot.
    package static let empty = PrefixDigest(0)

    /// That of the prefix which is one slot longer.
    ///
    /// For each entry this is one to one: where an entry differs and all that follow are alike, the digests
    /// never meet again.
    package func appending(_ entry: Entry) -> PrefixDigest {
        let mixed = (rawValue ^ entry.fingerprint) &* 0x9E37_79B9_7F4A_7C15
        return PrefixDigest(mixed ^ mixed &>> 32)
    }
}

extension Entry {
    /// Which entry it is, in 64 bits.
    var fingerprint: UInt64 {
        switch self {
        case .command(let command):
            var hash = Fingerprint(kind: command.at == .zero ? 1 : 5)
            hash.absorb(command.token)
            hash.absorb(UInt64(command.index) << 32 | UInt64(command.count))
            if command.at != .zero { hash.absorb(command.at.rawValue) }
            hash.absorb(sampled: command.payload)
            return hash.value
        case .noop:
            return Fingerprint(kind: 2).value
        case .membership(let membership):
            var hash = Fingerprint(kind: 3)
            var bytes: [UInt8] = []
            membership.append(to: &bytes)
            for byte in bytes { hash.absorb(UInt64(byte)) }
            return hash.value
        case .void(let token):
            var hash = Fingerprint(kind: 4)
            hash.absorb(token)
            return hash.value
        }
    }
}

/// Words, each multiplied into what was before (as in wyhash): nobody chooses them to collide.
private struct Fingerprint {
    private(set) var value: UInt64

    init(kind: UInt64) {
        value = kind &* 0xA076_1D64_78BD_642F
    }

    mutating func absorb(_ word: UInt64) {
        let product = (value ^ 0xE703_7ED1_A0B4_28DB)
            .multipliedFullWidth(by: word ^ 0x8EBC_6AF0_9C88_C6E3)
        value = product.high ^ product.low &+ word
    }

    mutating func absorb(_ token: Token) {
        absorb(token.node.rawValue)
        absorb(token.boot.rawValue)
        absorb(token.sequence)
    }

    /// The length, and all of 64 bytes or eight words of what is longer: the first, the last and six between.
    mutating func absorb(sampled payload: [UInt8]) {
        let span = payload.span
        let count = span.count
        absorb(UInt64(count))
        guard count > 64 else {
            var start = 0
            while start + 8 <= count {
                absorb(span.number(at: start))
                start += 8
            }
            var rest: UInt64 = 0
            while start < count {
                rest = rest << 8 | UInt64(span[start])
                start += 1
            }
            absorb(rest)
            return
        }
        for place in 0..<8 { absorb(span.number(at: (count - 8) * place / 7)) }
    }
}

/// What the prefix up to a slot is, as its digest tells.
package struct PrefixMark: Hashable, Sendable {
    package let slot: Slot
    package let digest: PrefixDigest

    package init(slot: Slot, digest: PrefixDigest) {
        self.slot = slot
        self.digest = digest
    }

    /// Before the first slot all are alike.
    package static let none = PrefixMark(slot: .zero, digest: .empty)
}
