import TestSupport
import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// `LogNode.events`: what happens, as it happens.
@Suite(.shared) struct NodeEventsTests {
    @Test func aNodeTellsThatItLeadsAndEnds() async throws {
        let directory = try NodeDirectory()
        let node = try await directory.make()
        var first = node.events.makeAsyncIterator()
        var second = node.events.makeAsyncIterator()
        try await running(node) { node in
            let slot = try await node.append([1])
            #expect(slot == 1)
        }
        var facts: [String] = []
        while let event = await first.next() {
            #expect(event.dropped == 0)
            facts.append(event.fact.name)
        }
        let all = facts.count
        // A busy machine is not what is tested.
        facts.removeAll { $0.hasPrefix("disk-") }
        #expect(facts == ["campaigned", "became-leader"])
        // Every iteration has all of them, and ends.
        var count = 0
        while await second.next() != nil { count += 1 }
        #expect(count == all)
        var late = node.events.makeAsyncIterator()
        #expect(await late.next() == nil)
    }

    @Test func theNewestAreKeptAndTheOthersCounted() async {
        let hub = EventHub()
        let events = LogNode.Events(hub: hub)
        var iterator = events.makeAsyncIterator()
        let most = LogNode.Events.capacity
        for number in 1...most + 5 { hub.publish([.caughtUp(Slot(rawValue: UInt64(number)))]) }
        let first = await iterator.next()
        #expect(first == LogNode.Event(fact: .caughtUp(6), dropped: 5))
        let second = await iterator.next()
        #expect(second == LogNode.Event(fact: .caughtUp(7), dropped: 0))
        hub.end()
        var rest = 0
        while await iterator.next() != nil { rest += 1 }
        #expect(rest == most - 2)
    }

    @Test func aWaitEndsWithItsTaskOrTheNode() async throws {
        let hub = EventHub()
        let events = LogNode.Events(hub: hub)
        let cancelled = Task {
            var iterator = events.makeAsyncIterator()
            return await iterator.next()
        }
        cancelled.cancel()
        #expect(await cancelled.value == nil)
        let waiting = Task {
            var iterator = events.makeAsyncIterator()
            return [await iterator.next(), await iterator.next()]
        }
        try await eventually("somebody listens") { hub.listeners == 1 }
        hub.publish([.full])
        hub.end()
        #expect(await waiting.value == [LogNode.Event(fact: .full, dropped: 0), nil])
    }

    /// Who has dropped the iterator costs nothing.
    @Test func nothingIsKeptForWhoHasLeft() {
        let hub = EventHub()
        do {
            let iterator = LogNode.Events(hub: hub).makeAsyncIterator()
            #expect(hub.listeners == 1)
            withExtendedLifetime(iterator) {}
        }
        #expect(hub.listeners == 0)
    }
}
