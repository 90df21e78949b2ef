import CrashHistory
import Testing

/// The judge of the crash-recovery suite finds what it must find, and nothing in a history that is sound.
@Suite struct HistoryCheckTests {
    /// `a` then `b` acknowledged one after the other, a batch of unknown outcome that is there, one
    /// append that is `never`, and a barrier after all.
    private static func sound() -> History {
        var history = History()
        history.appends = [
            append(["a"], 1, .committed(1...1), 2), append(["b"], 3, .committed(3...3), 4),
            append(["c", "d"], 3, .unknown, nil), append(["e"], 5, .never, 6),
            append(["f"], 5, .unknown, nil),
        ]
        history.barriers = [History.Barrier(begun: 7, slot: 5)]
        let entries = [(1, "a"), (3, "b"), (4, "c"), (5, "d")].map { History.Entry($0, $1) }
        history.logs = [
            History.Log("n1", entries), History.Log("n2", entries),
            History.Log("dump", Array(entries.prefix(2)), isWhole: false),
        ]
        return history
    }

    private static func append(
        _ payloads: [String],
        _ begun: UInt64,
        _ outcome: History.Outcome,
        _ ended: UInt64?
    ) -> History.Append {
        var append = History.Append(payloads, begun: begun)
        append.outcome = outcome
        append.ended = ended
        return append
    }

    private static func kinds(
        _ change: (inout History) -> Void
    ) -> Set<HistoryViolation.Kind> {
        var history = sound()
        change(&history)
        return Set(HistoryCheck(history).violations.map(\.kind))
    }

    private static func setAll(_ history: inout History, _ change: (inout [History.Entry]) -> Void)
    {
        for place in history.logs.indices { change(&history.logs[place].entries) }
    }

    @Test func aSoundHistoryIsSound() {
        let check = HistoryCheck(Self.sound())
        #expect(check.violations == [])
        #expect(check.checks > 20)
    }

    @Test func aLostAcknowledgementIsFound() {
        #expect(Self.kinds { Self.setAll(&$0) { $0.removeFirst() } } == [.lost])
    }

    /// What was said of a token binds as what was said of the append.
    @Test func anUntrueResolutionIsFound() {
        func kinds(_ append: Int, _ outcome: History.Outcome?) -> Set<HistoryViolation.Kind> {
            Self.kinds { $0.resolutions.append(.init(append: append, outcome: outcome)) }
        }
        #expect(kinds(2, .committed(4...5)) == [])
        #expect(kinds(2, nil) == [])
        #expect(kinds(4, .never) == [])
        #expect(kinds(2, .never) == [.neverDelivered])
        #expect(kinds(2, .committed(3...4)) == [.misplaced])
        #expect(kinds(4, .committed(6...6)) == [.lost])
        #expect(kinds(4, nil) == [.lost])
    }

    /// Who asked for a slot has that one, whatever it was told, or none.
    @Test func anotherSlotThanWasAskedForIsFound() {
        func kinds(_ append: Int, _ slot: UInt64) -> Set<HistoryViolation.Kind> {
            Self.kinds { history in
                let old = history.appends[append]
                var asked = History.Append(old.payloads, begun: old.begun, expected: slot)
                asked.outcome = old.outcome
                asked.ended = old.ended
                history.appends[append] = asked
            }
        }
        #expect(kinds(0, 1) == [] && kinds(2, 4) == [] && kinds(3, 9) == [])
        #expect(kinds(0, 2) == [.misplaced])
        #expect(kinds(2, 5) == [.misplaced])
    }

    @Test func anAcknowledgementOfAnotherSlotIsFound() {
        #expect(Self.kinds { $0.appends[0].outcome = .committed(2...2) } == [.misplaced])
        #expect(Self.kinds { $0.appends[0].outcome = .committed(1...2) } == [.misplaced])
    }

    @Test func aDuplicateIsFound() {
        let again = History.Entry(6, "a")
        #expect(
            Self.kinds { history in
                for place in 0..<2 { history.logs[place].entries.append(again) }
            } == [.repeated]
        )
    }

    @Test func aDivergentLogIsFound() {
        #expect(Self.kinds { $0.logs[1].entries[1] = History.Entry(3, "x") } == [.divergent])
        #expect(Self.kinds { $0.logs[1].entries[1] = History.Entry(2, "b") } == [.divergent])
        #expect(Self.kinds { $0.logs[1].entries.removeLast() } == [.divergent])
        #expect(Self.kinds { $0.logs[1].entries.remove(at: 1) } == [.divergent])
        #expect(Self.kinds { $0.logs[2].entries.removeFirst() } == [.divergent])
        #expect(Self.kinds { $0.logs[1].entries.append(History.Entry(9, "f")) } == [.divergent])
        #expect(
            Self.kinds { Self.setAll(&$0) { if $0.count > 2 { $0.swapAt(2, 3) } } } == [.divergent]
        )
    }

    @Test func anOrderAgainstRealTimeIsFound() {
        #expect(
            Self.kinds { history in
                history.appends[0].outcome = .committed(3...3)
                history.appends[1].outcome = .committed(1...1)
                Self.setAll(&history) { $0[0...1] = [.init(1, "b"), .init(3, "a")] }
            } == [.order]
        )
        // Of an append, too, that nobody heard of: it began after `b` was acknowledged.
        #expect(
            Self.kinds { history in
                Self.setAll(&history) { $0.insert(History.Entry(2, "f"), at: 1) }
            } == [.order]
        )
    }

    @Test func aDeliveredNeverIsFound() {
        #expect(
            Self.kinds { history in
                for place in 0..<2 { history.logs[place].entries.append(.init(6, "e")) }
            } == [.neverDelivered]
        )
    }

    @Test func aStaleBarrierIsFound() {
        #expect(Self.kinds { $0.barriers[0] = .init(begun: 7, slot: 2) } == [.staleBarrier])
        #expect(Self.kinds { $0.barriers[0] = .init(begun: 4, slot: 1) } == [])
    }

    @Test func aTornBatchIsFound() {
        #expect(
            Self.kinds { history in
                for place in 0..<2 { history.logs[place].entries.removeLast() }
            } == [.torn]
        )
    }

    @Test func whatNobodyAppendedIsFound() {
        #expect(
            Self.kinds { history in
                for place in 0..<2 { history.logs[place].entries.append(.init(6, "z")) }
            } == [.unasked]
        )
    }
}
