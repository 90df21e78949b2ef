import TestSupport
import Testing

@testable import ReplicatedLog
@testable import ReplicatedLogMachine

/// Results wait for those who may come for them, and for nobody else.
@Suite(.shared) struct PerformsTests {
    @Test func aResultWaitsForWhoWasThereBefore() {
        var performs = Performs<String>()
        let first = performs.begin()
        #expect(performs.applied(3, "three", isOwn: true) == nil)
        #expect(performs.take(2) == nil && performs.take(3) == "three" && performs.take(3) == nil)
        performs.end(first)
        #expect(performs.count == 0)
    }

    @Test func nothingIsKeptForNobody() {
        var performs = Performs<String>()
        #expect(performs.applied(1, "one", isOwn: true) == nil)
        let first = performs.begin()
        #expect(performs.applied(2, "of another member", isOwn: false) == nil)
        #expect(performs.count == 0)
        performs.end(first)
    }

    /// Who began later cannot come for it, so it goes with the last of those who began before.
    @Test func itGoesWithTheLastWhoMightCome() {
        var performs = Performs<String>()
        let callers = (0..<3).map { _ in performs.begin() }
        #expect(performs.applied(1, "one", isOwn: true) == nil)
        let late = performs.begin()
        #expect(performs.applied(2, "two", isOwn: true) == nil)
        for caller in [callers[2], callers[0]] {
            performs.end(caller)
            #expect(performs.count == 2)
        }
        performs.end(callers[1])
        #expect(performs.count == 1 && performs.take(2) == "two")
        performs.end(late)
        #expect(performs.count == 0)
    }

    @Test func whatIsKeptIsBounded() {
        var performs = Performs<Int>(limit: 10)
        _ = performs.begin()
        for slot in 1...25 {
            #expect(performs.applied(Slot(rawValue: UInt64(slot)), slot, isOwn: true) == nil)
        }
        #expect(performs.count == 10 && performs.take(15) == nil && performs.take(16) == 16)
    }
}
