import TestSupport
import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// Pages of the log in both directions, waiting for a slot, and where a subscription may begin.
@Suite(.shared) struct NodeReadTests {
    /// Every page begins where the one before ends, and none is empty or too large.
    private static func pages(
        of node: LogNode,
        _ slots: ClosedRange<Slot>,
        _ order: LogNode.ReadOrder,
        maxBytes: Int? = nil
    ) async throws -> [LogPage] {
        var pages: [LogPage] = []
        var rest = slots
        while true {
            let page = try await node.entries(in: rest, order: order, maxBytes: maxBytes)
            #expect(rest.contains(page.through))
            pages.append(page)
            let isWhole = page.through == (order == .ascending ? rest.upperBound : rest.lowerBound)
            if isWhole { return pages }
            rest =
                order == .ascending
                ? page.through.next...rest.upperBound : rest.lowerBound...page.through.previous
        }
    }

    /// Entries of very different lengths: a piece that is read backward may be far too long.
    @Test(arguments: [nil, 1, 700, 5_000])
    func bothDirectionsGiveTheSame(_ maxBytes: Int?) async throws {
        let directory = try NodeDirectory { $0.pageBytes = 4_096 }
        try await running(try await directory.make()) { node in
            var lengths: [Int] = []
            for number in 0..<120 { lengths.append(number % 17 == 0 ? 900 : number % 5 * 3) }
            for length in lengths { try await node.append([UInt8](repeating: 7, count: length)) }
            let all = Slot.first...Slot(rawValue: 120)
            let forward = try await Self.pages(of: node, all, .ascending, maxBytes: maxBytes)
            let backward = try await Self.pages(of: node, all, .descending, maxBytes: maxBytes)
            #expect(forward.flatMap(\.entries).map(\.payload.count) == lengths)
            #expect(backward.flatMap(\.entries).reversed() == forward.flatMap(\.entries))
            for page in forward + backward {
                let bytes = page.entries.dropLast().reduce(0) { $0 + $1.payload.count }
                #expect(page.entries.count == 1 || bytes < min(maxBytes ?? 4_096, 4_096) + 900)
                #expect(!page.entries.isEmpty)
            }
            if maxBytes == 1 { #expect(forward.count == 120 && backward.count == 120) }
            let part = try await node.entries(in: 30...32, order: .descending)
            #expect(part.entries.map(\.slot) == [32, 31, 30])
            #expect(part.through == 30)
        }
    }

    /// What has no effect is passed over in both directions, and counted for.
    @Test func backwardPassesOverWhatHasNoEffect() async throws {
        let directory = try NodeDirectory()
        let token = Token(node: 1, boot: Boot(1), sequence: 1)
        func row(_ byte: UInt8) -> Entry { .command(Command(token: token, payload: [byte])) }
        try await directory.write([row(1), row(2), .noop, .noop], committed: 4)
        try await running(try await directory.open()) { node in
            let page = try await node.entries(in: 1...9, order: .descending)
            #expect(page.entries.map(\.payload) == [[1]])
            #expect(page.through == 1)
            #expect(try await node.entries(in: 2...4, order: .descending).entries.isEmpty)
        }
    }

    /// A page never says that it has reached less than nothing of what was asked for.
    @Test func aRangeBeyondTheEndReachesNothing() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            for number in 1...5 { try await node.append(payload(number)) }
            let ahead = try await node.entries(in: 30...40)
            #expect(ahead.entries.isEmpty && ahead.through == 29)
            let next = try await node.entries(in: 6...40)
            #expect(next.entries.isEmpty && next.through == 5)
            let back = try await node.entries(in: 30...40, order: .descending)
            #expect(back.entries.isEmpty && back.through == 30)
            let reaching = try await node.entries(in: 4...40, order: .descending)
            #expect(reaching.entries.map(\.slot) == [5, 4] && reaching.through == 4)
            let nothing = try await node.entries(in: 0...0)
            #expect(nothing.entries.isEmpty && nothing.through == 0)
        }
    }

    @Test func aSlotIsWaitedFor() async throws {
        let directory = try NodeDirectory()
        let node = try await directory.make()
        let early = Task { try await node.wait(for: 2) }
        try await running(node) { node in
            try await node.wait(for: 0)
            try await node.append([1])
            try await node.wait(for: 1)
            let later = Task { try await node.wait(for: 3) }
            let never = Task { try await node.wait(for: 9) }
            try await eventually("all of them wait") { node.tail.sleepers == 3 }
            try await node.append(contentsOf: [[2], [3]])
            try await early.value
            try await later.value
            never.cancel()
            await #expect(throws: WaitError.cancelled) { try await never.value }
        }
        try await node.wait(for: 3)
        await #expect(throws: WaitError.closed) { try await node.wait(for: 4) }
    }

    @Test func aSubscriptionBeginsAtTheTailOrAtTheFirstThatIsKept() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            for number in 1...5 { try await node.append(payload(number)) }
        }
        let node = try await directory.open()
        // Before `run()` the tail is behind what was known as committed.
        var early = node.subscribe(from: .tail).makeAsyncIterator()
        try await running(node) { node in
            var whole = node.subscribe(from: .firstRetained).makeAsyncIterator()
            #expect(try await whole.take(5, after: 0).map(\.slot) == [1, 2, 3, 4, 5])
            var tail = node.subscribe(from: .tail).makeAsyncIterator()
            try await node.append(payload(6))
            #expect(try await tail.take(1, after: 5).map(\.slot) == [6])
            #expect(try await early.take(1, after: 5).map(\.slot) == [6])
        }
    }

    /// What is appended is read by nobody again, however many follow the tail.
    @Test func hundredsOfSubscribersAtTheTailReadNothing() async throws {
        let directory = try NodeDirectory { $0.tailBytes = 1 << 20 }
        try await running(try await directory.make()) { node in
            var iterators = (0..<300).map { _ in node.subscribe(from: .tail).makeAsyncIterator() }
            for number in 0..<20 { try await node.append(payload(number)) }
            for position in iterators.indices {
                let taken = try await iterators[position].take(20, after: 0)
                #expect(taken.map { number($0.payload) } == Array(0..<20))
            }
            #expect(node.status.storage.reads == 0)
        }
    }
}
