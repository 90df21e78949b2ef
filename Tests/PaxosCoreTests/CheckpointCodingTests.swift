import PaxosCore
import PaxosSimulator
import Testing

@Suite struct CheckpointCodingTests {
    private static func checkpoint(seed: UInt64) -> Checkpoint {
        var generator = SeededGenerator(seed: seed)
        var state = LogState()
        for _ in 0..<generator.below(30) {
            let token = Token(
                node: [1, 2, 7][generator.below(3)],
                boot: Boot(UInt64(1 + generator.below(4))),
                sequence: generator.next() >> UInt64(generator.below(64))
            )
            if generator.oneIn(3) { state.void(token) } else { state.consume(token) }
        }
        return Checkpoint(
            slot: Slot(rawValue: generator.next() >> 3),
            digest: PrefixDigest(generator.next()),
            state: state
        )
    }

    @Test func whatIsEncodedIsDecoded() {
        #expect(Checkpoint(decoding: Checkpoint.empty.encoded()) == .empty)
        for seed in UInt64(1)...60 {
            let checkpoint = Self.checkpoint(seed: seed)
            #expect(Checkpoint(decoding: checkpoint.encoded()) == checkpoint, "seed \(seed)")
            #expect(checkpoint.encoded().count == checkpoint.byteCount, "seed \(seed)")
        }
    }

    /// The bytes as documented; another layout is another version of the format.
    @Test func theBytesAreThese() {
        var state = LogState()
        state.consume(Token(node: 2, boot: Boot(3), sequence: 0x0102))
        let bytes = Checkpoint(slot: 5, digest: PrefixDigest(9), state: state).encoded()
        let numbers: [UInt64] = [5, 9, 1, 2, 3, 1, 0x0102, 0x0102, 0, 0, 0]
        #expect(bytes == numbers.flatMap { [UInt8](littleEndian: $0) })
        #expect(bytes.prefix(16) == [5, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0])
        state.void(Token(node: 2, boot: Boot(4), sequence: 6))
        let later = Checkpoint(slot: 5, digest: PrefixDigest(9), state: state).encoded()
        let more: [UInt64] = [
            5, 9, 1, 2, 4, 1, 6, 6, 1, 6, 6, 0, 1, 3, 0, 1, 0x0102, 0x0102, 0,
        ]
        #expect(later == more.flatMap { [UInt8](littleEndian: $0) })
    }

    @Test func whatIsCutOrLengthenedIsRefused() {
        for seed in UInt64(1)...10 {
            let bytes = Self.checkpoint(seed: seed).encoded()
            for length in 0..<bytes.count {
                #expect(Checkpoint(decoding: Array(bytes.prefix(length))) == nil)
            }
            #expect(Checkpoint(decoding: bytes + [0]) == nil)
            #expect(Checkpoint(decoding: bytes + Array(repeating: 0, count: 16)) == nil)
        }
    }

    /// Whatever the bytes are, they are refused or mean one checkpoint that encodes to them (`R39`).
    @Test func changedBytesAreRefusedOrMeanSomething() {
        for seed in UInt64(1)...200 {
            var generator = SeededGenerator(seed: seed)
            var bytes = Self.checkpoint(seed: seed).encoded()
            for _ in 0...generator.below(3) {
                bytes[generator.below(bytes.count)] = UInt8(truncatingIfNeeded: generator.next())
            }
            if let decoded = Checkpoint(decoding: bytes) { #expect(decoded.encoded() == bytes) }
            let noise = (0..<generator.below(80)).map { _ in
                UInt8(truncatingIfNeeded: generator.next() >> UInt64(8 * generator.below(8)))
            }
            if let decoded = Checkpoint(decoding: noise) { #expect(decoded.encoded() == noise) }
        }
    }

    private static func decode(_ numbers: [UInt64]) -> Checkpoint? {
        Checkpoint(decoding: numbers.flatMap { [UInt8](littleEndian: $0) })
    }

    @Test func numbersOutOfOrderAreRefused() {
        #expect(Self.decode([5, 9, 1, 2, 3, 1, 4, 6, 0, 0, 0]) != nil)
        #expect(Self.decode([5, 9, 1, 2, 3, 1, 4, 6, 0, 1, 1, 2, 0, 0, 0]) != nil)
        #expect(
            Self.decode([5, 9, 1, 2, 3, 1, 4, 6, 0, 2, 1, 2, 0, 0, 0]) == nil,
            "kept, forgotten"
        )
        #expect(Self.decode([5, 9, 1, 2, 3, 1, 4, 6, 0, 0, 1, 3, 0, 0, 0]) == nil, "past and live")
        #expect(Self.decode([5, 9, 1, 2, 3, 1, 4, 6, 0, 0, 9]) == nil, "more than are kept")
        #expect(Self.decode([5, 9, .max]) == nil, "a count nobody could have written")
        #expect(Self.decode([5, 9, 1, 2, 3, .max]) == nil)
        #expect(Self.decode([1 << 62, 9, 0]) == nil, "a slot beyond the limit (R10)")
        #expect(Self.decode([5, 9, 1, 0, 3, 0, 0, 0, 0]) == nil, "a node that is none")
        #expect(Self.decode([5, 9, 1, 2, 3, 1, 6, 4, 0, 0, 0]) == nil, "a range the wrong way")
        #expect(Self.decode([5, 9, 1, 2, 3, 2, 4, 6, 7, 8, 0, 0, 0]) == nil, "ranges that adjoin")
        #expect(Self.decode([5, 9, 1, 2, 3, 2, 7, 8, 4, 5, 0, 0, 0]) == nil, "ranges out of order")
        #expect(Self.decode([5, 9, 2, 2, 3, 0, 0, 0, 0, 2, 4, 0, 0, 0, 0]) == nil, "a node twice")
        #expect(
            Self.decode([5, 9, 2, 3, 3, 0, 0, 0, 0, 2, 4, 0, 0, 0, 0]) == nil,
            "nodes out of order"
        )
    }
}

extension [UInt8] {
    fileprivate init(littleEndian value: UInt64) {
        self = []
        append(littleEndian: value)
    }
}
