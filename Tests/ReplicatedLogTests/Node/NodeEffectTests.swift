import TestSupport
import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// Rows without effect are in the log and are shown to nobody, from memory or from disk, before and
/// after a checkpoint covers them.
@Suite(.shared) struct NodeEffectTests {
    private static func command(
        _ sequence: UInt64,
        _ byte: UInt8,
        index: UInt32 = 0,
        of count: UInt32 = 1
    ) -> Entry {
        let token = Token(node: 1, boot: Boot(1), sequence: sequence)
        return .command(Command(token: token, index: index, count: count, payload: [byte]))
    }

    /// Slot 3 repeats slot 1; 4 and 5 are a batch torn by a no-op; 8 is the end of a batch whose
    /// beginning is missing.
    private static let rows: [Entry] = [
        command(1, 1), command(2, 2), command(1, 3),
        command(3, 4, index: 0, of: 3), command(3, 5, index: 1, of: 3), .noop,
        command(4, 7), command(5, 8, index: 1, of: 2), command(6, 9),
        command(7, 10, index: 0, of: 2), command(7, 11, index: 1, of: 2),
    ]
    private static let effective: [UInt8] = [1, 2, 7, 9, 10, 11]

    @Test(arguments: [1, 1 << 20], [Slot.zero, 5, 11])
    func theyAreNotDelivered(_ tailBytes: Int, _ committed: Slot) async throws {
        let directory = try NodeDirectory { limits in
            limits.tailBytes = tailBytes
            limits.checkpointSlots = 4
        }
        try await directory.write(Self.rows, committed: committed)
        // The third time the checkpoint lies above all of them.
        for round in 0..<3 {
            let wanted = Self.effective + (0..<UInt8(round)).map { 20 + $0 }
            let node = try await directory.open()
            let reader = node.tail.makeReader()
            defer { withExtendedLifetime(reader) {} }
            try await running(node) { node in
                _ = try await node.barrier()
                #expect(try await node.everything().map(\.payload) == wanted.map { [$0] })
                #expect(try await node.take(wanted.count).map(\.payload) == wanted.map { [$0] })
                let within = try await node.take(2, from: 4)
                #expect(within.map(\.slot) == [7, 9])
                #expect(try await node.entries(in: 3...6).entries.isEmpty)
                #expect(
                    try await node.append([20 + UInt8(round)]) == Slot(rawValue: 12 + UInt64(round))
                )
            }
        }
    }

    /// A checkpoint made while the node runs.
    @Test func norAfterACheckpointInTheSameRun() async throws {
        let directory = try NodeDirectory { limits in
            limits.tailBytes = 1
            limits.checkpointSlots = 4
        }
        try await directory.write(Self.rows, committed: 0)
        try await running(try await directory.open()) { node in
            for number in UInt8(20)..<40 {
                try await node.append([number])
                let found = try await node.take(6).map(\.payload)
                #expect(found == Self.effective.map { [$0] })
            }
        }
    }
}
