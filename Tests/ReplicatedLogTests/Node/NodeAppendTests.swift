import TestSupport
import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// Append, barrier, entries and status of a node that runs.
@Suite(.shared) struct NodeAppendTests {
    @Test func appendsGetAscendingSlotsAndAreRead() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            #expect(try await node.barrier() == 0)
            for number in 1...5 {
                #expect(try await node.append(payload(number)) == Slot(rawValue: UInt64(number)))
            }
            #expect(try await node.append([]) == 6)
            #expect(try await node.append(contentsOf: [[7], [8], [9]]) == 7...9)
            #expect(try await node.barrier() == 9)
            let page = try await node.entries(in: 1...20)
            #expect(page.through == 9)
            #expect(page.entries.map(\.slot) == (1...9).map { Slot(rawValue: $0) })
            #expect(page.entries.map(\.payload) == (1...5).map(payload) + [[], [7], [8], [9]])
            #expect(try await node.entries(in: 3...4).entries.map(\.slot) == [3, 4])
            #expect(try await node.entries(in: 30...40).entries.isEmpty)
            let status = node.status
            #expect(status.role == .leader)
            #expect(status.leader == 1)
            #expect(status.ballot == status.promised)
            #expect([status.committedSlot, status.deliveredSlot, status.lastSlot] == [9, 9, 9])
            #expect(status.health == .healthy)
            #expect(status.slotsInFlight == 0)
            #expect(status.inboxAppends == 0)
            #expect(status.storage.rows == 9)
        }
    }

    @Test func bytesAreTakenFromAnyCollection() async throws {
        let directory = try NodeDirectory()
        let limit = directory.configuration.limits.maxPayloadBytes
        try await running(try await directory.make()) { node in
            #expect(try await node.append("paid".utf8) == 1)
            #expect(try await node.append([9, 8, 7, 6].dropFirst()) == 2)
            #expect(try await node.append(EmptyCollection()) == 3)
            #expect(try await node.append(contentsOf: ["a".utf8, "".utf8]) == 4...5)
            let backward = [[1, 2], [3]].map { ($0 as [UInt8]).reversed() as ReversedCollection }
            #expect(try await node.append(contentsOf: backward) == 6...7)
            let tooLarge = AppendError.payloadTooLarge(bytes: limit + 1, limit: limit)
            await #expect(throws: tooLarge) {
                try await node.append(repeatElement(0, count: limit + 1))
            }
            await #expect(throws: AppendError.emptyBatch) {
                try await node.append(contentsOf: EmptyCollection<Substring.UTF8View>())
            }
            let found = try await node.entries(in: 1...9).entries.map(\.payload)
            #expect(found == [Array("paid".utf8), [8, 7, 6], [], [97], [], [2, 1], [3]])
        }
    }

    @Test func slotsAscendPerTaskAndNoneIsGivenTwice() async throws {
        let directory = try NodeDirectory { $0.inboxAppends = 8 }
        try await running(try await directory.make()) { node in
            let slots = try await withThrowingTaskGroup(of: [Slot].self) { group in
                for task in 0..<16 {
                    group.addTask {
                        var slots: [Slot] = []
                        for count in 0..<25 {
                            slots.append(try await node.append(payload(task * 100 + count)))
                        }
                        return slots
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for task in slots { #expect(task == task.sorted()) }
            #expect(Set(slots.joined()).count == 400)
            let read = try await node.everything().map(\.payload).map(number)
            for task in 0..<16 {
                #expect(read.filter { $0 / 100 == task } == (0..<25).map { task * 100 + $0 })
            }
        }
    }

    @Test func reopeningKeepsEverythingAndDeliversItAgain() async throws {
        let directory = try NodeDirectory { $0.checkpointSlots = 3 }
        try await directory.create()
        var incarnations: Set<Incarnation> = []
        for round in 0..<4 {
            let node = try await directory.open()
            incarnations.insert(node.incarnation)
            try await running(node) { node in
                let before = try await node.take(round * 5).map(\.payload).map(number)
                #expect(before == Array(0..<round * 5))
                // Without a barrier too: what was committed when it was opened is waited for.
                let page = try await node.entries(in: 1...1_000)
                #expect(page.entries.map(\.payload).map(number) == before)
                for count in 0..<5 { try await node.append(payload(round * 5 + count)) }
            }
        }
        #expect(incarnations.count == 1)
    }

    /// Story: the barrier named the commit watermark while the rows below it were still being read, and
    /// the read that followed ended early.
    @Test func whatABarrierNamesCanBeReadAtOnce() async throws {
        let directory = try NodeDirectory { $0.pageBytes = 64 }
        let first = try await directory.make()
        try await failing(first) { node in
            for start in 0..<10 {
                _ = try await node.append(contentsOf: (0..<20).map { payload(start * 20 + $0) })
            }
            // Gone without a checkpoint.
            node.inbox.failed(StoreFailure(operation: "test", code: 0, detail: "test"))
            _ = try? await node.append([])
        }
        try await running(try await directory.open()) { node in
            let end = try await node.barrier()
            #expect(end == 200)
            #expect(node.status.deliveredSlot == 200)
        }
    }

    @Test func twoNodesOfAProcessDoNotDisturbEachOther() async throws {
        let left = try NodeDirectory()
        let right = try NodeDirectory()
        let leftNode = try await left.make()
        let rightNode = try await right.make()
        try await running(leftNode) { leftNode in
            try await running(rightNode) { rightNode in
                for number in 0..<50 {
                    async let slot = leftNode.append(payload(number))
                    try await rightNode.append(payload(1_000 + number))
                    _ = try await slot
                }
            }
            await #expect(throws: AppendError.never(.closed)) { try await rightNode.append([]) }
            // One has ended; the other goes on.
            #expect(try await leftNode.append(payload(50)) == 51)
            let log = try await leftNode.everything()
            #expect(log.map { number($0.payload) } == Array(0...50))
        }
        try await running(try await right.open()) { node in
            let found = try await node.everything().map { number($0.payload) }
            #expect(found == Array(1_000..<1_050))
        }
    }

    @Test func whatIsTooLargeIsRefused() async throws {
        let directory = try NodeDirectory()
        let limits = directory.configuration.limits
        try await running(try await directory.make()) { node in
            let large = [UInt8](repeating: 1, count: limits.maxPayloadBytes + 1)
            let tooLarge = AppendError.payloadTooLarge(
                bytes: large.count,
                limit: limits.maxPayloadBytes
            )
            await #expect(throws: tooLarge) { try await node.append(large) }
            await #expect(throws: tooLarge) { try await node.append(contentsOf: [[], large]) }
            await #expect(throws: AppendError.emptyBatch) { try await node.append(contentsOf: []) }
            await #expect(
                throws: AppendError.batchTooLarge(
                    entries: 129,
                    bytes: 0,
                    maxEntries: 128,
                    maxBytes: limits.maxBatchBytes
                )
            ) { try await node.append(contentsOf: [[UInt8]](repeating: [], count: 129)) }
            let largest = [UInt8](repeating: 1, count: limits.maxPayloadBytes)
            await #expect(
                throws: AppendError.batchTooLarge(
                    entries: 3,
                    bytes: 3 * largest.count,
                    maxEntries: 128,
                    maxBytes: limits.maxBatchBytes
                )
            ) { try await node.append(contentsOf: [largest, largest, largest]) }
            let first = try await node.append(largest)
            #expect(first == 1)
            #expect(try await node.append(contentsOf: [largest, largest]) == 2...3)
            #expect(try await node.append(contentsOf: .init(repeating: [], count: 128)) == 4...131)
        }
    }
}
