import TestSupport
import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// Appends that ask for one slot, at a node that leads: the answer comes at once.
@Suite(.shared) struct NodeConditionalTests {
    private static let taken = AppendError.never(.slotTaken)

    @Test func theNextSlotIsToBeHad() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            #expect(try await node.append("a".utf8, ifTail: .zero) == 1)
            #expect(try await node.append([98], at: 2) == 2)
            let batch = ["c".utf8, "d".utf8]
            #expect(try await node.append(contentsOf: batch, at: 3) == 3...4)
            #expect(try await node.append(contentsOf: batch, ifTail: 4) == 5...6)
            await #expect(throws: Self.taken) { try await node.append([1], at: 6) }
            await #expect(throws: Self.taken) { try await node.append([1], at: 8) }
            await #expect(throws: Self.taken) { try await node.append([1], ifTail: 5) }
            await #expect(throws: Self.taken) { try await node.append([1], ifTail: .zero) }
            await #expect(throws: Self.taken) {
                try await node.append(contentsOf: batch, at: 6, onUnknown: .settle)
            }
            await #expect(throws: Self.taken) {
                try await node.append(contentsOf: batch, ifTail: 9)
            }
            // Nobody who lost has used up a slot.
            #expect(try await node.append([7]) == 7)
            let found = try await node.entries(in: 1...9).entries.map(\.payload)
            #expect(found == [[97], [98], [99], [100], [99], [100], [7]])
        }
    }

    @Test func whatMakesNoSenseIsSaidFirst() async throws {
        let directory = try NodeDirectory()
        let limit = directory.configuration.limits.maxPayloadBytes
        try await running(try await directory.make()) { node in
            await #expect(throws: AppendError.noSuchSlot(.zero)) {
                try await node.append([1], at: .zero)
            }
            let beyond = Slot(rawValue: 1 << 62)
            await #expect(throws: AppendError.noSuchSlot(beyond)) {
                try await node.append([1], at: beyond)
            }
            let last = Slot(rawValue: .max)
            await #expect(throws: AppendError.noSuchSlot(last)) {
                try await node.append(contentsOf: [[1]], ifTail: last)
            }
            await #expect(throws: AppendError.emptyBatch) {
                try await node.append(contentsOf: [[UInt8]](), at: 1)
            }
            await #expect(throws: AppendError.payloadTooLarge(bytes: limit + 1, limit: limit)) {
                try await node.append(repeatElement(0, count: limit + 1), at: 1)
            }
            #expect(node.status.lastSlot == .zero)
        }
    }

    /// A condition is kept with its row: a node that is opened again decides as it did.
    @Test func aConditionOutlivesARestart() async throws {
        let directory = try NodeDirectory()
        let token = { Token(node: 1, boot: Boot(1), sequence: $0) }
        try await directory.write(
            [
                .command(Command(token: token(1), at: 1, payload: [1])),
                .command(Command(token: token(2), at: 9, payload: [2])),
                .command(Command(token: token(2), at: 3, payload: [3])),
            ],
            committed: 3
        )
        try await running(try await directory.open()) { node in
            #expect(try await node.append([4], ifTail: 3) == 4)
            let found = try await node.entries(in: 1...9).entries
            #expect(found.map(\.slot) == [1, 3, 4])
            #expect(found.map(\.payload) == [[1], [3], [4]])
        }
    }
}
