import Platform
import ReplicatedLog
import ReplicatedLogTestKit

/// What a transport can do wrong, by the check that finds it.
enum Flaw: String, CaseIterable, Sendable {
    case losesWhatIsLarge = "delivery"
    case countsOnEveryPeer = "unknown destination"
    case knowsNoBound = "stopped receiver"
    case goesOnAfterStop = "end"
    case keepsTheDead = "restart"
}

/// A small network with one flaw: receivers by node, called on the sender's thread.
final class FlawedFixture: TransportFixture {
    struct State {
        var receivers: [NodeID: @Sendable ([Envelope]) -> Void] = [:]
        var paused: Set<NodeID> = []
        var held: [Envelope] = []
    }

    let maxBytesUnderWay = 1 << 20
    let flaw: Flaw
    let state = Locked(State())

    init(flaw: Flaw) {
        self.flaw = flaw
    }

    func makeTransport(for node: NodeID) async throws -> any LogTransport {
        FlawedTransport(node: node, fixture: self)
    }

    func pause(_ node: NodeID) async -> Bool {
        state.withLock { _ = $0.paused.insert(node) }
        return true
    }

    func resume(_ node: NodeID) async {
        let held = state.withLock { state in
            state.paused.remove(node)
            defer { state.held = [] }
            return state.held
        }
        for envelope in held { carry(envelope) }
    }

    func carry(_ envelope: Envelope) {
        if flaw == .losesWhatIsLarge, envelope.byteCount > 1 << 19 { return }
        let receiver = state.withLock { state -> (@Sendable ([Envelope]) -> Void)? in
            guard !state.paused.contains(envelope.destination) else {
                state.held.append(envelope)
                return nil
            }
            return state.receivers[envelope.destination]
        }
        receiver?([envelope])
    }
}

private final class FlawedTransport: LogTransport {
    private let node: NodeID
    private let fixture: FlawedFixture

    init(node: NodeID, fixture: FlawedFixture) {
        self.node = node
        self.fixture = fixture
    }

    func start(_ local: LogReceiver) async throws {
        fixture.state.withLock { state in
            if fixture.flaw == .keepsTheDead, state.receivers[node] != nil { return }
            state.receivers[node] = local.receive
        }
    }

    func send(_ envelopes: [Envelope]) {
        if fixture.flaw == .countsOnEveryPeer,
            envelopes.contains(where: { $0.destination == 99 })
        {
            fixture.state.withLock { $0.receivers = [:] }
        }
        for envelope in envelopes { fixture.carry(envelope) }
    }

    func stop() async {
        guard fixture.flaw != .goesOnAfterStop, fixture.flaw != .keepsTheDead else { return }
        fixture.state.withLock { $0.receivers[node] = nil }
    }
}
