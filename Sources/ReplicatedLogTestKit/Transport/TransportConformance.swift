internal import Platform
internal import ReplicatedLog

/// Checks a transport against what the documentation of `LogTransport` asks of every one: not that refusals go back
/// the way they came, and nothing of certificates.
public enum TransportConformance {
    /// Runs every check, one after the other, with fresh transports for each.
    ///
    /// A correct transport takes a few seconds.
    ///
    /// - Parameters:
    ///   - fixture: What makes the transports.
    ///   - patience: How long what does not happen is waited for.
    /// - Returns: What the transport does wrong, one sentence each, beginning with the name of the
    ///   check; empty if nothing was found.
    public static func violations(
        of fixture: some TransportFixture,
        patience: Duration = .seconds(20)
    ) async -> [String] {
        let checks: [(String, @Sendable (TransportRun) async throws -> Void)] = [
            ("delivery", { try await $0.delivers() }),
            ("unknown destination", { try await $0.dropsWhatNobodyTakes() }),
            ("stopped receiver", { try await $0.isBoundedAndKeepsLanesApart() }),
            ("end", { try await $0.endsWhenStopped() }),
            ("restart", { try await $0.survivesARestart() }),
            ("life", { try await $0.takesCallsOutOfOrder() }),
        ]
        var violations: [String] = []
        for check in checks {
            let run = TransportRun(fixture: fixture, patience: patience)
            violations += await run.violations(of: check, by: "transport", finish: run.finish)
        }
        return violations
    }
}

/// One check, and the endpoints it opened.
final class TransportRun: ConformanceRun {
    let fixture: any TransportFixture
    let patience: Duration
    let findings = Findings()
    private let opened = Locked<[Endpoint]>([])

    init(fixture: any TransportFixture, patience: Duration) {
        self.fixture = fixture
        self.patience = patience
    }

    /// A started transport.
    func open(_ node: NodeID) async throws -> Endpoint {
        let endpoint = try await Endpoint(node, fixture)
        try await endpoint.start()
        opened.withLock { $0.append(endpoint) }
        return endpoint
    }

    /// Stops what is open, and looks at what every receiver has seen.
    func finish() async {
        for endpoint in opened.withLock({ $0 }) {
            endpoint.block(false)
            _ = await endpoint.stop()
            expect(
                endpoint.callsAfterStop == 0,
                "receive of \(endpoint.node) was called after stop had returned"
            )
            expect(
                endpoint.received.allSatisfy { $0.destination == endpoint.node },
                "\(endpoint.node) was given a message for another node"
            )
        }
    }

    /// Sends until every message has arrived: each may be lost, but not for ever.
    func deliver(
        _ envelopes: [Envelope],
        from sender: Endpoint,
        to receiver: Endpoint
    ) async -> Bool {
        let keys = Set(envelopes.map(Traffic.key))
        for _ in 0..<20 {
            let missing = receiver.missing(keys)
            for envelope in envelopes where missing.contains(Traffic.key(of: envelope)) {
                sender.transport.send([envelope])
            }
            let isDelivered = await Wait.until(patience / 20) { receiver.missing(keys).isEmpty }
            if isDelivered { return true }
        }
        return false
    }
}
