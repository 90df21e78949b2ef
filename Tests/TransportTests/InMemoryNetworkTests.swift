import PaxosCore
import Platform
import ReplicatedLog
import TestSupport
import Testing

/// Started transports on one network, and what each has received.
private final class Members: Sendable {
    let network: InMemoryNetwork
    let transports: [InMemoryTransport]
    private let inboxes: [Locked<[Envelope]>]

    init(_ count: Int = 3, _ options: InMemoryNetwork.Options = .init()) async throws {
        let network = InMemoryNetwork(options: options)
        self.network = network
        let nodes = (1...UInt64(count)).compactMap(NodeID.init(rawValue:))
        transports = nodes.map { network.transport(for: $0) }
        inboxes = nodes.map { _ in Locked([]) }
        for (transport, inbox) in zip(transports, inboxes) {
            try await transport.start(Self.local(transport.node, inbox))
        }
    }

    static func local(_ node: NodeID, _ inbox: Locked<[Envelope]>) -> LogReceiver {
        LogReceiver(identity: Messages.identity(node), limits: Limits()) { envelopes in
            inbox.withLock { $0 += envelopes }
        }
    }

    /// Direct delivery has happened when `send` returns.
    func send(_ envelope: Envelope) {
        transports[Int(envelope.source.rawValue) - 1].send([envelope])
    }

    func received(_ node: Int) -> [Envelope] { inboxes[node - 1].withLock { $0 } }

    func take(_ node: Int) -> [Envelope] {
        inboxes[node - 1].withLock { inbox in
            defer { inbox = [] }
            return inbox
        }
    }
}

@Suite(.shared) struct InMemoryNetworkTests {
    private static func way(_ from: NodeID, _ to: NodeID) -> Envelope {
        Messages.liveness(Int(from.rawValue), from: from, to: to)
    }

    @Test func aBatchGoesToEachOfItsDestinations() async throws {
        let members = try await Members()
        let batch = [Self.way(1, 2), Self.way(1, 3), Messages.log(1), Self.way(1, 9)]
        members.transports[0].send(batch)
        #expect(members.received(2) == [batch[0], batch[2]])
        #expect(members.received(3) == [batch[1]])
        #expect(members.network.counters.sent == 4)
        #expect(members.network.counters.unreachable == 1)
    }

    @Test func aPayloadIsSharedAndNotCopied() async throws {
        let members = try await Members()
        let payload = [UInt8](repeating: 1, count: 1_000)
        let token = Token(node: 1, boot: Boot(1), sequence: 1)
        members.send(
            Messages.accept(1, [.command(Command(token: token, payload: payload))])
        )
        guard case .immediate(.accept(let accept))? = members.received(2).first?.message,
            case .command(let command)? = accept.run.entries.first
        else {
            Issue.record("no command arrived")
            return
        }
        let address = payload.withUnsafeBytes { $0.baseAddress }
        #expect(command.payload.withUnsafeBytes { $0.baseAddress } == address)
    }

    @Test func aCutLosesOneDirection() async throws {
        let members = try await Members()
        members.network.cut(from: 1, to: 2)
        for way in [Self.way(1, 2), Self.way(2, 1), Self.way(1, 3)] { members.send(way) }
        #expect(members.received(2).isEmpty)
        #expect(members.received(1) == [Self.way(2, 1)])
        #expect(members.received(3) == [Self.way(1, 3)])
        #expect(members.network.counters.cut == 1)
        members.network.mend(from: 1, to: 2)
        members.send(Self.way(1, 2))
        #expect(members.received(2) == [Self.way(1, 2)])
    }

    @Test func aPartitionSeparatesGroupsUntilItHeals() async throws {
        let members = try await Members()
        members.network.partition([[1], [2, 3]])
        let ways = [Self.way(1, 2), Self.way(2, 1), Self.way(3, 1), Self.way(2, 3), Self.way(3, 2)]
        for way in ways { members.send(way) }
        #expect(members.take(1).isEmpty)
        #expect(members.take(2) == [Self.way(3, 2)])
        #expect(members.take(3) == [Self.way(2, 3)])
        members.network.heal()
        for way in ways { members.send(way) }
        #expect(members.received(1) == [Self.way(2, 1), Self.way(3, 1)])
        #expect(members.received(2) == [Self.way(1, 2), Self.way(3, 2)])
    }

    @Test func aDisconnectedNodeIsAlone() async throws {
        let members = try await Members()
        members.network.disconnect(2)
        for way in [Self.way(1, 2), Self.way(2, 3), Self.way(1, 3)] { members.send(way) }
        #expect(members.received(2).isEmpty)
        #expect(members.received(3) == [Self.way(1, 3)])
        members.network.reconnect(2)
        members.send(Self.way(2, 3))
        #expect(members.received(3).count == 2)
    }

    /// What comes through of 1,000 messages.
    private func survivors(seed: UInt64, _ faults: LinkFaults) async throws -> [Envelope] {
        var options = InMemoryNetwork.Options()
        options.seed = seed
        let members = try await Members(2, options)
        members.network.setFaults(faults)
        for number in 0..<1_000 { members.send(Messages.log(number)) }
        return members.received(2)
    }

    @Test func lossAndDuplicationFollowTheSeed() async throws {
        let faults = LinkFaults(loss: 0.3, duplication: 0.2)
        let first = try await survivors(seed: 5, faults)
        #expect(try await survivors(seed: 5, faults) == first)
        #expect(try await survivors(seed: 6, faults) != first)
        let distinct = Set(first).count
        #expect((600...800).contains(distinct))
        #expect((80...200).contains(first.count - distinct))
    }

    @Test func delayedMessagesAllArriveAndOvertake() async throws {
        let members = try await Members()
        members.network.setFaults(
            LinkFaults(delay: .zero ... .milliseconds(30)),
            from: 1,
            to: 2
        )
        let sent = (0..<200).map(Messages.log)
        for envelope in sent { members.send(envelope) }
        members.send(Self.way(1, 3))
        #expect(members.received(3) == [Self.way(1, 3)])
        let parker = Parker()
        while members.received(2).count < 200 { parker.park(timeout: .milliseconds(1)) }
        #expect(Set(members.received(2)) == Set(sent))
        #expect(members.received(2) != sent)
    }

    @Test func aPausedNodeHoldsNoMoreThanItsBounds() async throws {
        var options = InMemoryNetwork.Options()
        options.bounds.logBytes = 10_000
        let members = try await Members(3, options)
        members.network.pause(2)
        for number in 0..<1_000 { members.send(Messages.log(number)) }
        members.send(Self.way(1, 2))
        // Another sender has a queue of its own.
        members.send(Messages.log(1, bytes: 10, from: 3, to: 2))
        #expect(members.received(2).isEmpty)
        members.network.resume(2)
        let received = members.received(2)
        #expect(received.first == Self.way(1, 2))
        #expect(received.contains(Messages.log(1, bytes: 10, from: 3, to: 2)))
        #expect(received.reduce(0) { $0 + $1.byteCount } < 11_000)
        #expect(members.network.counters.overflowed == 1_002 - received.count)
    }

    @Test func whatTheFilterNamesIsLost() async throws {
        let members = try await Members()
        members.network.lose { $0.lane == .log }
        members.send(Messages.log(1))
        members.send(Self.way(1, 2))
        #expect(members.received(2) == [Self.way(1, 2)])
        #expect(members.network.counters.lost == 1)
    }

    @Test func twoTransportsOfOneNodeBothReceive() async throws {
        let members = try await Members()
        let copy = members.network.transport(for: 2)
        let inbox = Locked<[Envelope]>([])
        try await copy.start(Members.local(2, inbox))
        members.send(Self.way(1, 2))
        #expect(members.received(2) == [Self.way(1, 2)])
        #expect(inbox.withLock { $0 } == [Self.way(1, 2)])
        await copy.stop()
        members.send(Self.way(1, 2))
        #expect(inbox.withLock { $0.count } == 1)
    }

    @Test func aTransportIsStartedOnceAndForItsNode() async throws {
        let members = try await Members()
        let inbox = Locked<[Envelope]>([])
        await #expect(throws: InMemoryTransportError.alreadyUsed(1)) {
            try await members.transports[0].start(Members.local(1, inbox))
        }
        let other = members.network.transport(for: 4)
        await #expect(throws: InMemoryTransportError.otherNode(5, expected: 4)) {
            try await other.start(Members.local(5, inbox))
        }
        await other.stop()
        await #expect(throws: InMemoryTransportError.alreadyUsed(4)) {
            try await other.start(Members.local(4, inbox))
        }
    }

    @Test(arguments: [InMemoryNetwork.Delivery.direct, .threaded])
    func aDroppedTransportLeavesTheNetwork(_ delivery: InMemoryNetwork.Delivery) async throws {
        var options = InMemoryNetwork.Options()
        options.delivery = delivery
        let network = InMemoryNetwork(options: options)
        let sender = network.transport(for: 1)
        let inbox = Locked<[Envelope]>([])
        try await sender.start(Members.local(1, inbox))
        try await network.transport(for: 2).start(Members.local(2, inbox))
        sender.send([Self.way(1, 2)])
        #expect(network.counters.unreachable == 1)
    }

    /// From inside `receive`, as a node never does, but without a deadlock all the same.
    @Test func anAnswerFromWithinReceiveArrives() async throws {
        let network = InMemoryNetwork()
        let first = network.transport(for: 1)
        let second = network.transport(for: 2)
        let inbox = Locked<[Envelope]>([])
        try await first.start(Members.local(1, inbox))
        try await second.start(
            LogReceiver(identity: Messages.identity(2), limits: Limits()) {
                [weak second] batch in
                for _ in batch { second?.send([Self.way(2, 1), Self.way(2, 1)]) }
            }
        )
        for _ in 0..<100 { first.send([Self.way(1, 2)]) }
        #expect(inbox.withLock { $0.count } == 200)
    }

    @Test(arguments: [InMemoryNetwork.Delivery.direct, .threaded])
    func manySendersLoseNothingWithinTheBounds(_ delivery: InMemoryNetwork.Delivery) async throws {
        var options = InMemoryNetwork.Options()
        options.delivery = delivery
        let members = try await Members(5, options)
        let threads = try (2...5).map { (sender: UInt64) in
            try PinnedThread(name: "sender") {
                guard let from = NodeID(rawValue: sender) else { return }
                for number in 0..<2_000 {
                    members.send(Messages.log(number, bytes: 10, from: from, to: 1))
                }
            }
        }
        for thread in threads { await thread.ended() }
        let parker = Parker()
        while members.received(1).count < 8_000 { parker.park(timeout: .milliseconds(1)) }
        for transport in members.transports { await transport.stop() }
        for from in (2...5).compactMap(NodeID.init(rawValue:)) {
            let slots = members.received(1).filter { $0.source == from }
            #expect(slots == (0..<2_000).map { Messages.log($0, bytes: 10, from: from, to: 1) })
        }
    }
}
