import TestSupport
import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// Three real nodes, of which one is cut off while it appends: what became of that is found out there or elsewhere.
@Suite(.shared, .serialized) struct ClusterResolveTests {
    /// An append of a leader that reaches nobody, and that had taken it before it knew.
    private struct CutOff {
        let token: Token
        let node: NodeID
        let payload: [UInt8]
    }

    private static func cutOff(_ world: ClusterWorld) async throws -> CutOff {
        try await world.startAll()
        for attempt in 1...1_000 {
            try await world.node(1).append(bytes("first"), timeout: .seconds(300))
            guard
                let leader = world.members.first(where: {
                    (try? world.node($0).status.role) == .leader
                })
            else { continue }
            world.network.partition([[leader], world.members.filter { $0 != leader }])
            let payload = bytes("cut off \(attempt)")
            if let token = try await unknown(payload, at: try world.node(leader)) {
                return CutOff(token: token, node: leader, payload: payload)
            }
            // Somebody else led by then, or nobody.
            world.network.heal()
        }
        throw AppendError.overloaded
    }

    private static func unknown(_ payload: [UInt8], at node: LogNode) async throws -> Token? {
        do throws(AppendError) {
            try await node.append(payload, timeout: .milliseconds(100))
        } catch {
            if case .unknown(let token, .timedOut) = error { return token }
        }
        return nil
    }

    @Test func whatWasCutOffIsSettledElsewhere() async throws {
        let world = try await ClusterWorld()
        let lost = try await Self.cutOff(world)
        let other = try world.node(lost.node == 1 ? 2 : 1)
        let resolution = try await other.resolve(lost.token, settle: true, timeout: .seconds(300))
        #expect(resolution == .never)
        world.network.heal()
        let back = try world.node(lost.node)
        let last = try await back.append(bytes("last"), timeout: .seconds(300))
        #expect(try await back.resolve(lost.token) == .never)
        for member in world.members {
            let log = try await world.log(member, through: last)
            #expect(log.last?.payload == bytes("last"))
            #expect(!log.contains { $0.payload == lost.payload })
        }
        try await world.stopAll()
    }

    /// What an append does that is to find out for itself: it has a slot, or never will, and the log agrees.
    @Test func anAppendFindsOutForItself() async throws {
        let world = try await ClusterWorld()
        let lost = try await Self.cutOff(world)
        let node = try world.node(lost.node)
        world.network.heal()
        var slot: Slot?
        do throws(AppendError) {
            let error = AppendError.unknown(lost.token, .timedOut)
            let limit = node.clock.deadline(after: .seconds(300))
            slot = try await node.settle(error, by: limit).lowerBound
        } catch {
            #expect(error == .never(.timedOut))
        }
        let last = try await node.append(
            bytes("last"),
            timeout: .seconds(300),
            onUnknown: .settle
        )
        for member in world.members {
            let log = try await world.log(member, through: last)
            #expect(log.first { $0.payload == lost.payload }?.slot == slot)
            #expect(log.last?.payload == bytes("last"))
        }
        try await world.stopAll()
    }

    /// An error that is final, or that the end of the caller or the node has made, is thrown as it is.
    @Test func whatIsKnownIsNotAskedFor() async throws {
        let world = try await ClusterWorld()
        try await world.startAll()
        let node = try world.node(1)
        // It runs: whoever is shut down before has not run at all.
        _ = try await world.node(2).append(bytes("first"), timeout: .seconds(300))
        let token = Token(node: 1, boot: Boot(1), sequence: 1)
        let errors: [AppendError] = [
            .never(.full), .overloaded, .emptyBatch, .unknown(token, .cancelled),
            .unknown(token, .closed), .unknown(token, .passed), .unknown(token, .rolledBack),
        ]
        for error in errors {
            await #expect(throws: error) { try await node.settle(error, by: .never) }
        }
        // What is unknown stays so when its time is up.
        let open = AppendError.unknown(token, .timedOut)
        await #expect(throws: open) { try await node.settle(open, by: Tick(0)) }
        try await world.stopAll()
    }
}
