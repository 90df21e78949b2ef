import TestSupport
import Testing

@testable import LogWire
@testable import PaxosCore
@testable import ReplicatedLog

/// Payloads that are lent to a closure, where they lie in the pages that were read.
@Suite(.shared) struct NodeLendTests {
    private struct Lent: Hashable {
        let slot: Slot
        let bytes: [UInt8]
    }

    /// Every page begins where the one before ends.
    private static func all(
        of node: LogNode,
        _ slots: ClosedRange<Slot>,
        _ order: LogNode.ReadOrder,
        maxBytes: Int?
    ) async throws -> (lent: [Lent], pages: Int) {
        var lent: [Lent] = []
        var pages = 0
        var rest = slots
        while true {
            var bytes = 0
            var last = 0
            let through = try await node.withEntries(in: rest, order: order, maxBytes: maxBytes) {
                lent.append(Lent(slot: $0, bytes: $1.withUnsafeBytes { [UInt8]($0) }))
                last = $1.byteCount
                bytes += last
                return true
            }
            #expect(rest.contains(through))
            #expect(bytes - last < min(maxBytes ?? 8_192, 8_192) + 5_000)
            pages += 1
            if through == (order == .ascending ? rest.upperBound : rest.lowerBound) { break }
            rest =
                order == .ascending
                ? through.next...rest.upperBound : rest.lowerBound...through.previous
        }
        return (lent, pages)
    }

    /// What is in a leaf, and what is so long that it has pages of its own.
    @Test(arguments: [nil, 1, 700, 5_000])
    func itIsWhatEntriesGiveOut(_ maxBytes: Int?) async throws {
        let directory = try NodeDirectory { $0.pageBytes = 8_192 }
        try await running(try await directory.make()) { node in
            let payloads = (0..<90).map { number in
                [UInt8](repeating: UInt8(number), count: number % 17 == 0 ? 5_000 : number % 5 * 3)
            }
            for (number, payload) in payloads.enumerated() {
                // The condition of an append stands before its payload.
                if number % 3 == 0 {
                    try await node.append(payload, at: Slot(rawValue: UInt64(number + 1)))
                } else {
                    try await node.append(payload)
                }
            }
            let slots = Slot.first...Slot(rawValue: 90)
            let expected = try await node.everything().map {
                Lent(slot: $0.slot, bytes: $0.payload)
            }
            #expect(expected.map(\.bytes) == payloads)
            let forward = try await Self.all(of: node, slots, .ascending, maxBytes: maxBytes)
            #expect(forward.lent == expected)
            let backward = try await Self.all(of: node, slots, .descending, maxBytes: maxBytes)
            #expect(backward.lent.reversed() == expected)
            if maxBytes == 1 { #expect(forward.pages == 90 && backward.pages == 90) }
        }
    }

    /// LMDB puts the rows of a leaf one before the other, from its end down: there is where they are lent.
    @Test func nothingIsCopied() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            let payloads = (0..<20).map { [UInt8](repeating: UInt8($0), count: 40) }
            try await node.append(contentsOf: payloads)
            var places: [UInt] = []
            try await node.withEntries(in: 1...20) { _, payload in
                places.append(payload.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) })
                return true
            }
            // Of a node of the leaf: its head, its key, the head of the row, and the payload.
            let token = Token(node: 1, boot: Boot(1), sequence: 1)
            let command = Command(token: token, payload: payloads[0])
            let stride = 8 + 8 + RowCoding.byteCount(of: .command(command))
            #expect(places.count == 20)
            for (place, next) in zip(places, places.dropFirst()) {
                #expect(place - next == UInt(stride))
            }
        }
    }

    @Test func aClosureThatAnswersFalseIsTheLast() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            for number in 1...9 { try await node.append(payload(number)) }
            var slots: [Slot] = []
            let through = try await node.withEntries(in: 2...9) { slot, _ in
                slots.append(slot)
                return slot < 4
            }
            #expect(through == 4 && slots == [2, 3, 4])
            slots = []
            let back = try await node.withEntries(in: 2...9, order: .descending) { slot, _ in
                slots.append(slot)
                return slot > 7
            }
            #expect(back == 7 && slots == [9, 8, 7])
        }
    }

    /// What has no effect is lent to nobody, and counted for; nothing is lent beyond the end.
    @Test func whatHasNoEffectIsPassedOver() async throws {
        let directory = try NodeDirectory()
        let token = Token(node: 1, boot: Boot(1), sequence: 1)
        func row(_ byte: UInt8) -> Entry { .command(Command(token: token, payload: [byte])) }
        try await directory.write([row(1), row(2), .noop, .noop], committed: 4)
        try await running(try await directory.open()) { node in
            for order in [LogNode.ReadOrder.ascending, .descending] {
                var slots: [Slot] = []
                let through = try await node.withEntries(in: 1...4, order: order) { slot, _ in
                    slots.append(slot)
                    return true
                }
                #expect(slots == [1] && through == (order == .ascending ? 4 : 1))
            }
            let beyond = try await node.withEntries(in: 30...40) { _, _ in
                Issue.record("there is nothing")
                return true
            }
            #expect(beyond == 29)
        }
    }

    /// As `entries(in:)`, by the same words.
    @Test func whatCannotBeReadIsTyped() async throws {
        let directory = try NodeDirectory()
        let node = try await directory.make()
        try await running(node) { node in
            for number in 1...50 { try await node.append(payload(number)) }
            try await node.trim(through: 30)
            await #expect(throws: ReadError.trimmed(through: 30)) {
                try await node.withEntries(in: 30...40) { _, _ in true }
            }
            var slots: [Slot] = []
            let through = try await node.withEntries(in: 1...33, order: .descending) { slot, _ in
                slots.append(slot)
                return true
            }
            #expect(through == 31 && slots == [33, 32, 31])
        }
        await #expect(throws: ReadError.closed) {
            try await node.withEntries(in: 31...31) { _, _ in true }
        }
    }
}
