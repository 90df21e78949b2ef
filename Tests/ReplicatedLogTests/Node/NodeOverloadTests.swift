import TestSupport
import Testing

@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// Back-pressure and timeouts, begun before `run()` so that nothing drains the inbox meanwhile.
@Suite(.shared) struct NodeOverloadTests {
    @Test func aFullInboxTurnsAwayWhoWillNotWait() async throws {
        let directory = try NodeDirectory { $0.inboxAppends = 2 }
        let node = try await directory.make()
        let early = (0..<2).map { number in Task { try await node.append(payload(number)) } }
        try await eventually("both are in") { node.inbox.held.appends == 2 }
        await #expect(throws: AppendError.overloaded) {
            try await node.append(payload(9), overload: .fail)
        }
        let waiting = Task { try await node.append(payload(2)) }
        try await eventually("the third waits") { node.overflowing == 1 }
        // Nobody overtakes those who wait.
        await #expect(throws: AppendError.overloaded) {
            try await node.append([], overload: .fail)
        }
        #expect(node.status.inboxAppends == 2)
        try await running(node) { node in
            for task in early { _ = try await task.value }
            #expect(try await waiting.value == 3)
            #expect(try await node.append(payload(3), overload: .fail) == 4)
            let log = try await node.everything()
            #expect(Set(log.map { number($0.payload) }) == [0, 1, 2, 3])
        }
    }

    @Test func bytesAreBoundedToo() async throws {
        let directory = try NodeDirectory { limits in
            limits.maxPayloadBytes = 100
            limits.inboxBytes = 100
        }
        let node = try await directory.make()
        let first = Task { try await node.append([UInt8](repeating: 0, count: 60)) }
        try await eventually("the first is in") { node.inbox.held.bytes == 60 }
        await #expect(throws: AppendError.overloaded) {
            try await node.append([UInt8](repeating: 0, count: 41), overload: .fail)
        }
        let second = Task {
            try await node.append([UInt8](repeating: 0, count: 40), overload: .fail)
        }
        try await eventually("the second is in") { node.inbox.held.bytes == 100 }
        try await running(node) { _ in
            let slots = (try await first.value, try await second.value)
            #expect(slots == (1, 2))
        }
    }

    /// Story: the room of appends that were cancelled before the driver saw them was given back without
    /// a word to those who waited for it.
    @Test func cancelledAppendsMakeRoom() async throws {
        let directory = try NodeDirectory { $0.inboxAppends = 4 }
        let node = try await directory.make()
        let cancelled = (0..<4).map { _ in Task { try await node.append([]) } }
        try await eventually("all are in") { node.inbox.held.appends == 4 }
        let waiting = (0..<2).map { number in Task { try await node.append(payload(number)) } }
        try await eventually("two wait") { node.overflowing == 2 }
        for task in cancelled { task.cancel() }
        for task in cancelled {
            await #expect(throws: AppendError.never(.cancelled)) { try await task.value }
        }
        try await running(node) { node in
            for task in waiting { _ = try await task.value }
            let log = try await node.everything()
            #expect(log.count == 2)
        }
    }

    @Test func timeoutsEndTheWaitWhereverItIs() async throws {
        let directory = try NodeDirectory { $0.inboxAppends = 1 }
        let node = try await directory.make()
        // From here on deadlines are the driver's, which comes later.
        node.inbox.drive()
        let inside = Task { try await node.append([1], timeout: .zero) }
        try await eventually("one is in") { node.inbox.held.appends == 1 }
        let outside = Task { try await node.append([2], timeout: .milliseconds(5)) }
        let barrier = Task { try await node.barrier(timeout: .zero) }
        try await eventually("one waits") { node.overflowing == 1 }
        try await eventually("the barrier waits") {
            node.inbox.state.withLock { $0.barriers.count } == 1
        }
        let late = node.clock.deadline(after: .milliseconds(20))
        try await eventually("their time is up") { node.clock.now >= late }
        try await running(node) { node in
            await #expect(throws: AppendError.never(.timedOut)) { try await inside.value }
            await #expect(throws: AppendError.never(.timedOut)) { try await outside.value }
            await #expect(throws: BarrierError.timedOut) { try await barrier.value }
            #expect(try await node.append([3], timeout: .seconds(Int64.max / 2)) == 1)
            let log = try await node.everything()
            #expect(log.map(\.payload) == [[3]])
        }
    }

    @Test func whoWaitsHearsOfTheEnd() async throws {
        let directory = try NodeDirectory { $0.inboxAppends = 1 }
        let node = try await directory.make()
        let appends = (0..<3).map { _ in Task { try await node.append([1]) } }
        try await eventually("all are there") {
            node.inbox.held.appends == 1 && node.overflowing == 2
        }
        let barrier = Task { try await node.barrier() }
        let subscriber = Task { try await node.take(1) }
        let reader = Task { try await node.entries(in: 1...1) }
        try await eventually("the barrier waits") {
            node.inbox.state.withLock { $0.barriers.count } == 1
        }
        await node.close()
        for task in appends {
            await #expect(throws: AppendError.never(.closed)) { try await task.value }
        }
        await #expect(throws: BarrierError.closed) { try await barrier.value }
        await #expect(throws: ReadError.closed) { try await subscriber.value }
        _ = await reader.result
        await #expect(throws: AppendError.never(.closed)) { try await node.append([]) }
        await #expect(throws: BarrierError.closed) { try await node.barrier() }
        await #expect(throws: ReadError.closed) { try await node.entries(in: 1...1) }
        #expect(node.inbox.held == Inbox.Held())
        #expect(node.inbox.state.withLock { $0.waiters.count } == 0)
        #expect(node.status.health == .closed)
    }

    @Test func whoWaitsHearsOfAFailure() async throws {
        let directory = try NodeDirectory { $0.inboxAppends = 2 }
        let node = try await directory.make()
        let failure = StoreFailure(operation: "flush", code: 5, detail: "test")
        let appends = (0..<5).map { _ in Task { try await node.append([1]) } }
        try await eventually("all are there") {
            node.inbox.held.appends == 2 && node.overflowing == 3
        }
        let subscriber = Task { try await node.take(9) }
        // Before the driver has stepped once: nothing was proposed.
        node.inbox.failed(failure)
        let said = LogRunError.storeFailed(failure)
        await #expect(throws: said) { try await node.run() }
        for task in appends {
            await #expect(throws: AppendError.never(.storeFailed(failure))) {
                try await task.value
            }
        }
        await #expect(throws: ReadError.storeFailed(failure)) {
            try await subscriber.value
        }
        #expect(node.status.health == .failed(said))
        #expect(node.inbox.held == Inbox.Held())
        try await running(try await directory.open()) { node in
            let log = try await node.everything()
            #expect(log.isEmpty)
        }
    }
}
