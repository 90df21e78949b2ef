import TestSupport
import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// Whoever waits until a subscriber has come to a slot is served, whatever the slot holds (`R86`).
@Suite(.shared) struct NodeProgressTests {
    private static func command(_ sequence: UInt64, _ byte: UInt8) -> Entry {
        let token = Token(node: 1, boot: Boot(1), sequence: sequence)
        return .command(Command(token: token, payload: [byte]))
    }

    /// A directory whose log holds these entries, the last ones known as committed or not.
    private static func directory(
        _ rows: [Entry],
        committed: Slot,
        tailBytes: Int,
        pageBytes: Int
    ) async throws -> NodeDirectory {
        let directory = try NodeDirectory { limits in
            limits.tailBytes = tailBytes
            limits.pageBytes = pageBytes
        }
        try await directory.write(rows, committed: committed)
        return directory
    }

    /// Slots 3 to 5 hold nothing effective, and no more slots are there.
    @Test(arguments: [1, 1 << 20], [Slot.zero, 2, 5])
    func theEndOfTheLogIsTold(_ tailBytes: Int, _ committed: Slot) async throws {
        let rows = [Self.command(1, 1), Self.command(2, 2), .noop, Self.command(1, 3), .noop]
        let directory = try await Self.directory(
            rows,
            committed: committed,
            tailBytes: tailBytes,
            pageBytes: 256
        )
        try await running(try await directory.open()) { node in
            let slot = try await node.barrier()
            #expect(slot == 5)
            var iterator = node.subscribe(from: 1).makeAsyncIterator()
            var events: [LogNode.Subscription.Event] = []
            while events.last.map(\.through) ?? .zero < slot {
                events.append(try #require(try await iterator.next()))
            }
            let entries = events.filter { if case .entry = $0 { true } else { false } }
            #expect(
                entries == [
                    .entry(slot: 1, payload: [1], previous: 0),
                    .entry(slot: 2, payload: [2], previous: 1),
                ]
            )
            #expect(events.last == .progress(through: 5))
            // The chain of entries passes over what was only told.
            try await node.append([9])
            #expect(try await iterator.next() == .entry(slot: 6, payload: [9], previous: 2))
        }
    }

    /// From a slot on that holds nothing, and beyond the end.
    @Test func aSubscriberThatBeginsThereIsToldToo() async throws {
        let directory = try await Self.directory(
            [Self.command(1, 1), .noop, .noop],
            committed: 3,
            tailBytes: 1,
            pageBytes: 256
        )
        try await running(try await directory.open()) { node in
            _ = try await node.barrier()
            for from in 2...3 as ClosedRange<UInt64> {
                var iterator = node.subscribe(from: Slot(rawValue: from)).makeAsyncIterator()
                #expect(try await iterator.next() == .progress(through: 3))
            }
            var beyond = node.subscribe(from: 4).makeAsyncIterator()
            try await node.append([4])
            #expect(try await beyond.next() == .entry(slot: 4, payload: [4], previous: 3))
        }
    }

    /// Where every slot holds a command nothing is told but the commands.
    @Test func nothingIsToldWhereNothingIsMissing() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            var iterator = node.subscribe(from: 1).makeAsyncIterator()
            for number in 1...40 as ClosedRange<UInt64> {
                let slot = try await node.append([UInt8(number)])
                #expect(
                    try await iterator.next()
                        == .entry(slot: slot, payload: [UInt8(number)], previous: slot.previous)
                )
            }
        }
    }

    /// Whoever has heard of a slot finds a status in which it is delivered: a range from one to the other is none
    /// upside down, and it may be trimmed.
    @Test func theStatusIsAsNewAsWhatIsDelivered() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            let appends = Task {
                for number in 1...2_000 { try await node.append(payload(number)) }
            }
            let waits = Task {
                for number: UInt64 in 1...2_000 {
                    try await node.wait(for: Slot(rawValue: number))
                    #expect(node.status.deliveredSlot >= Slot(rawValue: number))
                }
            }
            for try await event in node.subscribe(from: 1) {
                let status = node.status
                #expect(status.deliveredSlot >= event.through)
                #expect(status.committedSlot >= event.through)
                if event.through == 2_000 { break }
            }
            try await appends.value
            try await waits.value
        }
    }
}
