import LogCommands
import Platform
import ReplicatedLog
import ReplicatedLogTCP

/// The node's transport, which also tells when it has started, or why it did not, and traces messages.
final class WatchedTransport: LogTransport {
    private let tcp: TCPTransport
    private let trace: MessageTrace?
    let tls: TLSIdentity?
    private let failure = Locked<(any Error)?>(nil)
    private let begun: Event

    init(_ tcp: TCPTransport, tls: TLSIdentity?, trace: MessageTrace?) {
        self.tcp = tcp
        self.tls = tls
        self.trace = trace
        begun = Event()
    }

    func start(_ node: LogReceiver) async throws {
        defer { begun.set() }
        var local = node
        if let trace {
            local = LogReceiver(identity: node.identity, limits: node.limits) { envelopes in
                trace.record(envelopes, direction: "in")
                node.receive(envelopes)
            }
        }
        do {
            try await tcp.start(local)
        } catch {
            failure.withLock { $0 = error }
            throw error
        }
    }

    func send(_ envelopes: [Envelope]) {
        trace?.record(envelopes, direction: "out")
        tcp.send(envelopes)
    }

    func stop() async {
        begun.set()
        await tcp.stop()
    }

    /// Returns once messages can arrive, or never will.
    func started() async { await begun.wait() }

    /// Why it did not start.
    var startFailure: Failure? {
        guard let error = failure.withLock({ $0 }) else { return nil }
        switch error as? TCPTransportError {
        case .addressInUse: return Failure(.refused, "address_in_use", "\(error)")
        case .certificateOfAnother, .certificateExpired, .certificateNotYetValid:
            return Failure(.refused, "certificate", "\(error)")
        default: return Failure(.refused, "cannot_listen", "\(error)")
        }
    }

    var counters: TCPCounters { tcp.counters }
}

/// Something that happens once, and whoever waits for it.
final class Event: Sendable {
    private struct State {
        var hasHappened = false
        var waiters: [UnsafeContinuation<Void, Never>] = []
    }

    private let state = Locked(State())

    func set() {
        let waiters = state.withLock { state in
            state.hasHappened = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    var hasHappened: Bool { state.withLock { $0.hasHappened } }

    func wait() async {
        await withUnsafeContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.hasHappened { state.waiters.append(continuation) }
                return state.hasHappened
            }
            if isOver { continuation.resume() }
        }
    }
}
