@testable import PaxosCore
import PaxosSimulator
import Testing

/// Decoding is total: what was sent comes back, and anything else is refused without a trap.
@Suite struct EnvelopeCodingTests {
    @Test(arguments: MessageKind.allCases)
    func whatIsSentComesBack(_ kind: MessageKind) {
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let envelope = random.envelope(kind)
            let bytes = envelope.encoded()
            #expect(envelope.byteCount == bytes.count, "seed \(seed)")
            #expect(Envelope(decoding: bytes) == envelope, "seed \(seed)")
        }
    }

    @Test func encodingAppends() {
        let first = Samples.envelope(Samples.messages[0].message)
        let second = Samples.envelope(Samples.messages[1].message)
        var bytes = first.encoded()
        second.encode(into: &bytes)
        #expect(bytes == first.encoded() + second.encoded())
    }

    @Test(arguments: Samples.messages.map(\.message))
    func noPartAndNothingLongerIsTaken(_ message: Message) {
        let bytes = Samples.envelope(message).encoded()
        for end in bytes.indices {
            #expect(Envelope(decoding: Array(bytes[..<end])) == nil, "\(end) bytes")
        }
        #expect(Envelope(decoding: bytes + [0]) == nil)
    }

    /// What decodes from damaged bytes is a message like any other: it encodes to the very bytes.
    @discardableResult
    private func expectTotal(_ bytes: [UInt8], _ story: @autoclosure () -> String) -> Bool {
        guard let envelope = Envelope(decoding: bytes) else { return false }
        #expect(envelope.encoded() == bytes, "\(story())")
        #expect(envelope.byteCount == bytes.count, "\(story())")
        return true
    }

    @Test func everyByteMayHaveEveryValue() {
        for (name, message) in Samples.messages {
            let bytes = Samples.envelope(message).encoded()
            for position in bytes.indices {
                for value in [0, 1, 2, 0x3F, 0x40, 0x7F, 0x80, 0xFF] as [UInt8] {
                    var damaged = bytes
                    damaged[position] = value
                    expectTotal(damaged, "\(name), byte \(position) = \(value)")
                }
            }
        }
    }

    @Test(.tags(.slow)) func aHundredThousandMutationsAreHarmless() {
        var random = SeededGenerator(seed: 1)
        let whole = (0..<40).flatMap { _ in
            MessageKind.allCases.map { random.envelope($0).encoded() }
        }
        var taken = 0
        for number in 0..<100_000 {
            random = SeededGenerator(seed: UInt64(number))
            var bytes: [UInt8]
            if random.oneIn(10) {
                bytes = random.garbage(random.below(200))
                // Half of the garbage gets as far as a body.
                if random.oneIn(2) {
                    bytes.replaceSubrange(..<min(4, bytes.count), with: [1, 0, 0x30, 3])
                }
            } else {
                bytes = random.pick(whole)
            }
            for _ in 0...random.below(4) where !bytes.isEmpty { random.damage(&bytes) }
            taken += expectTotal(bytes, "mutation \(number)") ? 1 : 0
        }
        // Both ways are exercised.
        #expect(taken > 1_000 && taken < 90_000, "\(taken)")
    }

    @Test func anotherVersionOrKindIsRefused() {
        let version = UInt8(Envelope.protocolVersion)
        for (_, message) in Samples.messages {
            var bytes = Samples.envelope(message).encoded()
            for other in [0, 1, version - 1, version + 1, 0xFF] {
                bytes[0] = other
                #expect(Envelope(decoding: bytes) == nil)
            }
            bytes[0] = version
            bytes[1] = 1
            #expect(Envelope(decoding: bytes) == nil)
            bytes[1] = 0
            bytes[2] = 0xEE
            #expect(Envelope(decoding: bytes) == nil)
        }
    }

    @Test func noSlotBeyondTheLimitIsTaken() {
        let name = Samples.sender.cluster.name.utf8.count
        for slot in [Slot.limit.rawValue, .max, Slot.limit.rawValue + 1] {
            var bytes = Samples.envelope(
                .immediate(.commit(CommitNotice(ballot: Samples.ballot, committed: 1)))
            ).encoded()
            var field: [UInt8] = []
            field.append(littleEndian: slot)
            bytes.replaceSubrange((52 + name + 16)..., with: field)
            #expect(Envelope(decoding: bytes) == nil)
        }
    }

    @Test func aRunReachesNoSlotBeyondTheLimit() {
        let last = Slot(rawValue: Slot.limit.rawValue - 2)
        let fits = EntryRun(first: last, entries: [.noop, .noop])
        let message = Message.immediate(
            .accept(Accept(ballot: Samples.ballot, run: fits, committed: 0))
        )
        var bytes = Samples.envelope(message).encoded()
        #expect(Envelope(decoding: bytes) == Samples.envelope(message))
        // One entry more.
        bytes[bytes.count - 6] = 3
        bytes.append(2)
        #expect(Envelope(decoding: bytes) == nil)
    }

    @Test func theLargestRunIsTakenAndNoLarger() {
        for (count, isTaken) in [(65_536, true), (65_537, false)] {
            let run = EntryRun(first: 1, entries: Array(repeating: .noop, count: count))
            let message = Message.immediate(
                .accept(Accept(ballot: Samples.ballot, run: run, committed: 0))
            )
            let decoded = Envelope(decoding: Samples.envelope(message).encoded())
            #expect((decoded == Samples.envelope(message)) == isTaken)
        }
    }

    @Test func aLargePayloadComesBack() {
        let payload = [UInt8](repeating: 0x5A, count: 4 << 20)
        let forward = Forward(token: Samples.token, payloads: .one(payload), hops: 0)
        let envelope = Samples.envelope(.immediate(.forward(forward)))
        #expect(envelope.byteCount > payload.count)
        #expect(Envelope(decoding: envelope.encoded()) == envelope)
    }

    /// In the middle of other bytes: neither end of the message is that of an allocation.
    @Test(arguments: Samples.messages.map(\.message))
    func aMessageIsReadWhereItLies(_ message: Message) {
        let envelope = Samples.envelope(message)
        let bytes = [1, 2, 3] + envelope.encoded() + [4, 5]
        let part = bytes.span.extracting(3..<bytes.count - 2)
        #expect(Envelope(decoding: part) == envelope)
        let short = bytes.span.extracting(3..<bytes.count - 3)
        #expect(Envelope(decoding: short) == nil)
        let long = bytes.span.extracting(3..<bytes.count - 1)
        #expect(Envelope(decoding: long) == nil)
    }

    /// The array that an entry owns has no room for more than the payload.
    @Test func aPayloadTakesItsOwnRoomAndNoMore() throws {
        for count in [0, 1, 100, 4_080, 70_000] {
            let payload = [UInt8](repeating: 0x5A, count: count)
            let forward = Forward(token: Samples.token, payloads: .one(payload), hops: 0)
            let bytes = Samples.envelope(.immediate(.forward(forward))).encoded()
            let decoded = try #require(Envelope(decoding: bytes))
            guard case .immediate(.forward(let read)) = decoded.message,
                case .one(let own) = read.payloads
            else { continue }
            #expect(own == payload)
            #expect(own.capacity <= count + 32)
        }
    }

    @Test func aCountWithoutItemsAllocatesNothing() {
        // Four billion rows in no bytes at all; likewise entries, payloads and members.
        for name in ["page", "catch-up", "accept", "forward-batch"] {
            guard let message = Samples.messages.first(where: { $0.name == name })?.message else {
                Issue.record("no sample \(name)")
                continue
            }
            let bytes = Samples.envelope(message).encoded()
            for start in 52..<bytes.count - 4 {
                var damaged = bytes
                damaged.replaceSubrange(start..<start + 4, with: [0xFF, 0xFF, 0xFF, 0xFF])
                expectTotal(damaged, "\(name) at \(start)")
            }
        }
    }
}

extension SeededGenerator {
    mutating func garbage(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// Changes, cuts, widens or repeats a part.
    mutating func damage(_ bytes: inout [UInt8]) {
        let position = below(bytes.count)
        switch below(6) {
        case 0: bytes[position] ^= 1 << UInt8(below(8))
        case 1: bytes[position] = UInt8(truncatingIfNeeded: next())
        case 2: bytes.removeSubrange(position...)
        case 3: bytes.remove(at: position)
        case 4: bytes.insert(UInt8(truncatingIfNeeded: next()), at: position)
        default:
            let end = position + below(bytes.count - position)
            bytes.append(contentsOf: Array(bytes[position..<end]))
        }
    }
}

extension Tag {
    /// Takes longer than a second.
    @Tag static var slow: Self
}
