import PaxosCore
import PaxosSimulator
import Testing

/// What an entry does, decided in log order by one pure function.
@Suite struct DeliveryTests {
    private static func token(_ sequence: UInt64, boot: UInt64 = 1) -> Token {
        Token(node: 1, boot: Boot(boot), sequence: sequence)
    }

    private static func command(
        _ sequence: UInt64,
        _ index: UInt32 = 0,
        of count: UInt32 = 1,
        boot: UInt64 = 1
    ) -> Entry {
        let token = token(sequence, boot: boot)
        return .command(Command(token: token, index: index, count: count, payload: []))
    }

    private static func batch(_ sequence: UInt64, of count: UInt32) -> [Entry] {
        (0..<count).map { command(sequence, $0, of: count) }
    }

    /// The effect of every slot, or `nil` where there is no command or no decision yet.
    private static func effects(_ log: [Entry]) -> [Effect?] {
        var delivery = Delivery(resuming: .empty)
        var effects: [Effect?] = Array(repeating: nil, count: log.count)
        var last = Slot.zero
        for (place, entry) in log.enumerated() {
            #expect(delivery.next == Slot(rawValue: UInt64(place) + 1))
            delivery.feed(entry) { decision in
                #expect(decision.slot > last)
                last = decision.slot
                #expect(log[Int(decision.slot.rawValue) - 1] == .command(decision.command))
                effects[Int(decision.slot.rawValue) - 1] = decision.effect
            }
            #expect(delivery.delivered >= last)
        }
        return effects
    }

    @Test func theFirstOccurrenceHasEffect() {
        #expect(
            Self.effects([
                Self.command(1), Self.command(2), Self.command(1), .noop, Self.command(3),
                Self.command(2),
            ]) == [.effective, .effective, .repeated, nil, .effective, .repeated]
        )
    }

    @Test func aVoidTokenNeverHasEffect() {
        #expect(
            Self.effects([.void(Self.token(1)), Self.command(1), Self.command(2)])
                == [nil, .repeated, .effective]
        )
        #expect(Self.effects([Self.command(1), .void(Self.token(1))]) == [.effective, nil])
        let voided = [.void(Self.token(4))] + Self.batch(4, of: 2)
        #expect(Self.effects(voided) == [nil, .repeated, .repeated])
    }

    @Test func aLaterBootEndsTheEarlierOne() {
        #expect(
            Self.effects([
                Self.command(1), Self.command(1, boot: 2), Self.command(2),
                Self.command(2, boot: 2),
            ]) == [.effective, .effective, .sessionEnded, .effective]
        )
        #expect(
            Self.effects([.void(Self.token(1, boot: 2)), Self.command(5)]) == [nil, .sessionEnded]
        )
    }

    /// A batch that stops after any of its slots, for whatever comes next, has no effect (`R72`).
    @Test(arguments: 2...5)
    func aBatchTornAnywhereHasNoEffect(_ count: Int) {
        let batch = Self.batch(1, of: UInt32(count))
        let interruptions: [([Entry], [Effect?])] = [
            ([.noop], [nil]), ([.void(Self.token(9))], [nil]),
            ([Self.command(2)], [.effective]),
            (Self.batch(2, of: 2), [.effective, .effective]),
            // Its own beginning, or its own end, or the like of it in another length.
            (batch, Array(repeating: .effective, count: count)),
            ([Self.command(1, 1, of: UInt32(count) + 1)], [.torn]),
        ]
        for kept in 1..<count {
            for (interruption, expected) in interruptions {
                let log = batch.prefix(kept) + interruption + [.noop]
                let torn: [Effect?] = Array(repeating: .torn, count: kept)
                #expect(Self.effects(Array(log)) == torn + expected + [nil])
            }
        }
        for missing in 1..<count {
            let log = [.noop] + batch.dropFirst(missing)
            let torn: [Effect?] = Array(repeating: .torn, count: count - missing)
            #expect(Self.effects(log) == [nil] + torn)
            guard missing < count - 1 else { continue }
            var holed = batch
            holed[missing] = .noop
            var expected: [Effect?] = Array(repeating: .torn, count: count)
            expected[missing] = nil
            #expect(Self.effects(holed) == expected)
        }
    }

    /// A torn batch has not used its token up: it can still stand whole later, once.
    @Test func aTornBatchMayStandWholeLater() {
        let batch = Self.batch(1, of: 2)
        let log = [batch[0], .noop] + batch + batch
        #expect(
            Self.effects(log) == [.torn, nil, .effective, .effective, .repeated, .repeated]
        )
    }

    /// The first slot of a batch waits for its last; until then it is neither delivered nor in a
    /// checkpoint.
    @Test func aBatchWaitsForItsLastSlot() {
        var delivery = Delivery(resuming: .empty)
        delivery.feed(Self.command(7)) { _ in }
        for (fed, entry) in Self.batch(1, of: 4).enumerated() {
            #expect(delivery.delivered == 1)
            #expect(delivery.checkpoint.slot == 1)
            #expect(delivery.next == Slot(rawValue: UInt64(fed) + 2))
            delivery.feed(entry) { decision in
                #expect(fed == 3)
                #expect(decision.effect == .effective)
            }
        }
        #expect(delivery.delivered == 5)
    }

    /// Deciding from any checkpoint on is deciding from the beginning (`R67`).
    @Test func everyCheckpointIsAsGoodAsTheBeginning() {
        for seed in UInt64(1)...40 {
            var generator = SeededGenerator(seed: seed)
            let log = (0..<30).flatMap { _ in Self.randomEntries(&generator) }
            var whole = Delivery(resuming: .empty)
            var checkpoints: [Checkpoint] = [.empty]
            var effects: [Slot: Effect] = [:]
            for entry in log {
                whole.feed(entry) { effects[$0.slot] = $0.effect }
                checkpoints.append(whole.checkpoint)
            }
            for checkpoint in checkpoints {
                var resumed = Delivery(resuming: checkpoint)
                for entry in log.dropFirst(Int(checkpoint.slot.rawValue)) {
                    resumed.feed(entry) { #expect(effects[$0.slot] == $0.effect, "seed \(seed)") }
                }
                #expect(resumed.checkpoint == whole.checkpoint, "seed \(seed)")
            }
        }
    }

    private static func randomEntries(_ generator: inout SeededGenerator) -> [Entry] {
        let sequence = UInt64(1 + generator.below(8))
        switch generator.below(5) {
        case 0: return [.noop]
        case 1: return [.void(token(sequence))]
        case 2: return batch(sequence, of: 3).dropLast(generator.below(3))
        case 3: return [command(sequence, boot: UInt64(1 + generator.below(2)))]
        default: return [command(sequence)]
        }
    }
}
