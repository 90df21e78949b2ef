import Platform
import TestSupport
import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// Five real nodes, and at each of them a writer that asks for every slot.
@Suite(.shared, .serialized) struct ClusterRaceTests {
    private static let slots = Slot(rawValue: 60)

    /// What each of the writers was told, by slot.
    private struct Told {
        var winners: [Slot: [UInt8]] = [:]
        var losses = 0
        /// Two were told to have one slot, or something else was said than that it is theirs or another's.
        var wrong: [String] = []
    }

    /// Appends behind what its node has delivered until the log is long enough; first, as all do, behind `first`.
    private static func write(
        _ member: NodeID,
        _ node: LogNode,
        behind first: Slot,
        _ told: Locked<Told>
    ) async throws {
        var turn = 0
        while turn == 0 || node.status.deliveredSlot < slots {
            let tail = turn == 0 ? first : node.status.deliveredSlot
            turn += 1
            let payload = bytes("n\(member) \(turn)")
            do throws(AppendError) {
                let slot = try await node.append(
                    payload,
                    ifTail: tail,
                    timeout: .seconds(300),
                    onUnknown: .settle
                )
                told.withLock { told in
                    if slot != tail.next { told.wrong.append("\(slot) behind \(tail)") }
                    if told.winners.updateValue(payload, forKey: slot) != nil {
                        told.wrong.append("\(slot) twice")
                    }
                }
            } catch {
                guard case .never(.slotTaken) = error else {
                    told.withLock { $0.wrong.append("\(error)") }
                    return
                }
                told.withLock { $0.losses += 1 }
                // Who won is delivered here by then, or soon.
                try await node.wait(for: tail.next)
            }
        }
    }

    /// Each slot has one winner, all losers know, and no slot is wasted beyond changes of the leader.
    @Test func eachSlotHasOneWinner() async throws {
        let world = try await ClusterWorld(members: 5)
        try await world.startAll()
        let first = try await world.node(1).append(bytes("first"), timeout: .seconds(300))
        let told = Locked(Told())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for member in world.members {
                let node = try world.node(member)
                group.addTask { try await Self.write(member, node, behind: first, told) }
            }
            try await group.waitForAll()
        }
        let (winners, losses, wrong) = told.withLock { ($0.winners, $0.losses, $0.wrong) }
        #expect(wrong == [])
        #expect(losses >= 4, "one of five has the first slot")
        let end = try await world.node(1).barrier(timeout: .seconds(300))
        for member in world.members {
            let log = try await world.log(member, through: end)
            let won = log.filter { $0.payload != bytes("first") }
            #expect(Dictionary(uniqueKeysWithValues: won.map { ($0.slot, $0.payload) }) == winners)
        }
        // What else takes a slot is the no-ops of new leaders: nothing that lost.
        let rows = try await world.node(1).page(1...end)
        #expect(rows.allSatisfy { winners[$0.slot] != nil || !$0.isCondition })
        try await world.stopAll()
    }
}

extension AcceptedEntry {
    fileprivate var isCondition: Bool {
        if case .command(let command) = entry { command.at != .zero } else { false }
    }
}

extension LogNode {
    /// All rows, effective or not.
    fileprivate func page(_ slots: ClosedRange<Slot>) async throws -> [AcceptedEntry] {
        let store = store
        var rows: [AcceptedEntry] = []
        while (rows.last?.slot ?? .zero) < slots.upperBound {
            let next = rows.last?.slot.next ?? slots.lowerBound
            let page: Result<RowPage, ReadFailure> = await withCheckedContinuation { done in
                store.read(next...slots.upperBound, maxBytes: 1 << 20, withEffect: false) {
                    done.resume(returning: $0)
                }
            }
            rows += try page.get().rows
        }
        return rows
    }
}
