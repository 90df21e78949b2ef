/// SipHash-2-4 over whole words (Aumasson and Bernstein, "SipHash: a fast short-input PRF"): a tag that
/// only who has the key can make.
package struct SipHash: Sendable {
    private var v0, v1, v2, v3: UInt64
    private var words: UInt64 = 0

    package init(key: (UInt64, UInt64)) {
        v0 = key.0 ^ 0x736f_6d65_7073_6575
        v1 = key.1 ^ 0x646f_7261_6e64_6f6d
        v2 = key.0 ^ 0x6c79_6765_6e65_7261
        v3 = key.1 ^ 0x7465_6462_7974_6573
    }

    /// Takes in eight bytes, the lowest first.
    package mutating func absorb(_ word: UInt64) {
        words &+= 1
        compress(word)
    }

    /// The tag of what was absorbed.
    package consuming func finish() -> UInt64 {
        // The last block is the rest of the bytes, of which there are none, and their count modulo 256.
        compress((8 &* words) << 56)
        v2 ^= 0xFF
        for _ in 0..<4 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    private mutating func compress(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    private mutating func round() {
        v0 &+= v1
        v1 = v1.rotated(13) ^ v0
        v0 = v0.rotated(32)
        v2 &+= v3
        v3 = v3.rotated(16) ^ v2
        v0 &+= v3
        v3 = v3.rotated(21) ^ v0
        v2 &+= v1
        v1 = v1.rotated(17) ^ v2
        v2 = v2.rotated(32)
    }
}

extension UInt64 {
    fileprivate func rotated(_ bits: UInt64) -> UInt64 { self &<< bits | self &>> (64 - bits) }
}
