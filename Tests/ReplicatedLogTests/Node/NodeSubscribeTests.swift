import TestSupport
import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// Subscribers at the tail, behind it, beyond it and after the end.
@Suite(.shared) struct NodeSubscribeTests {
    @Test(arguments: [1, 1 << 20])
    func subscribersSeeTheLogFromWhereTheyBegin(_ tailBytes: Int) async throws {
        let directory = try NodeDirectory { limits in
            limits.tailBytes = tailBytes
            limits.pageBytes = 256
        }
        try await running(try await directory.make()) { node in
            // While it lives, what is delivered is kept for everybody.
            let reader = node.tail.makeReader()
            defer { withExtendedLifetime(reader) {} }
            for number in 1...50 { try await node.append(payload(number)) }
            #expect(try await node.take(50).map { number($0.payload) } == Array(1...50))
            #expect(try await node.take(50, from: 0).first?.slot == 1)
            let middle = try await node.take(20, from: 31)
            #expect(middle.map { number($0.payload) } == Array(31...50))
            let beyond = Task { try await node.take(2, from: 53) }
            for number in 51...54 { try await node.append(payload(number)) }
            #expect(try await beyond.value.map { number($0.payload) } == [53, 54])
            let reads = node.status.storage.reads
            #expect((reads == 0) == (tailBytes > 1))
        }
    }

    /// Begun before `run()`, many at once, all of them at the tail and behind it by turns.
    @Test func manySubscribersSeeTheSame() async throws {
        let directory = try NodeDirectory { limits in
            limits.tailBytes = 2_000
            limits.pageBytes = 512
        }
        let node = try await directory.make()
        let subscribers = (0..<40).map { _ in Task { try await node.take(600) } }
        try await running(node) { node in
            for start in 0..<30 {
                _ = try await node.append(contentsOf: (0..<20).map { payload(start * 20 + $0) })
            }
            for subscriber in subscribers {
                #expect(try await subscriber.value.map { number($0.payload) } == Array(0..<600))
            }
        }
    }

    @Test func aSlowSubscriberGoesColdAndComesBack() async throws {
        let directory = try NodeDirectory { $0.tailBytes = 1_000 }
        try await running(try await directory.make()) { node in
            var iterator = node.subscribe(from: 1).makeAsyncIterator()
            var seen: [Int] = []
            var last = Slot.zero
            for round in 0..<5 {
                for count in 0..<40 { try await node.append(payload(round * 40 + count)) }
                if round == 0 { #expect(node.status.storage.reads == 0) }
                let taken = try await iterator.take(round < 4 ? 10 : 160, after: last)
                last = taken.last?.slot ?? last
                seen += taken.map { number($0.payload) }
            }
            #expect(seen == Array(0..<200))
            // Behind the window it went through the store; at the tail again it does not.
            let reads = node.status.storage.reads
            #expect(reads > 0)
            try await node.append(payload(200))
            #expect(try await iterator.take(1, after: last).first?.slot == 201)
            #expect(node.status.storage.reads == reads)
        }
    }

    @Test func cancellationEndsTheIteration() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            for number in 0..<100 { try await node.append(payload(number)) }
            let asleep = Task { () -> [LogNode.Subscription.Event] in
                var events: [LogNode.Subscription.Event] = []
                for try await event in node.subscribe(from: 100) { events.append(event) }
                return events
            }
            try await eventually("it sleeps") { node.tail.sleepers == 1 }
            asleep.cancel()
            #expect(try await asleep.value.count == 1)
            // In the middle of what it has pulled already.
            let busy = Task { () -> Int in
                var count = 0
                for try await _ in node.subscribe(from: 1) {
                    count += 1
                    if count == 10 { withUnsafeCurrentTask { $0?.cancel() } }
                }
                return count
            }
            #expect(try await busy.value == 10)
            #expect(node.tail.sleepers == 0)
        }
    }

    @Test func shutdownEndsTheIterationAfterWhatWasDelivered() async throws {
        let directory = try NodeDirectory()
        let node = try await directory.make()
        var iterator = node.subscribe(from: 1).makeAsyncIterator()
        let waiting = try await running(node) { node in
            try await node.append([1])
            let waiting = Task { try await node.take(2) }
            try await eventually("it sleeps") { node.tail.sleepers == 1 }
            return waiting
        }
        await #expect(throws: ReadError.closed) { try await waiting.value }
        #expect(try await iterator.next() == .entry(slot: 1, payload: [1], previous: 0))
        await #expect(throws: ReadError.closed) { try await iterator.next() }
        await #expect(throws: ReadError.closed) { try await node.take(1, from: 99) }
        await #expect(throws: ReadError.closed) { try await node.entries(in: 1...1) }
    }

    @Test func aSubscriptionResumesAtACheckpoint() async throws {
        let directory = try NodeDirectory { $0.checkpointSlots = 4 }
        try await running(try await directory.make()) { node in
            for number in 1...10 { try await node.append(payload(number)) }
        }
        let node = try await directory.open()
        #expect(node.store.recover().checkpoint.slot == 10)
        let after = Task { try await node.take(1, from: 11) }
        let at = Task { try await node.take(2, from: 10) }
        let before = Task { try await node.take(3, from: 9) }
        try await running(node) { node in
            try await node.append(payload(11))
            #expect(try await after.value.map { number($0.payload) } == [11])
            #expect(try await at.value.map { number($0.payload) } == [10, 11])
            #expect(try await before.value.map { number($0.payload) } == [9, 10, 11])
        }
    }
}
