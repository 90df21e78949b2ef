import ReplicatedLog
import ReplicatedLogTestKit
import TestSupport
import Testing

/// The memory transport keeps what it promises, however it delivers; and the suite finds transports
/// that do not.
@Suite(.shared) struct ConformanceTests {
    private struct Fixture: TransportFixture {
        let network: InMemoryNetwork
        let canPause: Bool
        /// What the bounds say, and one batch in the receiver's hands.
        let maxBytesUnderWay = (1 << 20) + (256 << 10) + (1 << 20)

        init(_ delivery: InMemoryNetwork.Delivery, encodes: Bool, canPause: Bool) {
            var options = InMemoryNetwork.Options()
            options.delivery = delivery
            options.bounds.logBytes = 1 << 20
            options.encodesMessages = encodes
            network = InMemoryNetwork(options: options)
            self.canPause = canPause
        }

        func makeTransport(for node: NodeID) async throws -> any LogTransport {
            network.transport(for: node)
        }

        func pause(_ node: NodeID) async -> Bool {
            if canPause { network.pause(node) }
            return canPause
        }

        func resume(_ node: NodeID) async { network.resume(node) }
    }

    @Test func directDeliveryConforms() async {
        let fixture = Fixture(.direct, encodes: false, canPause: true)
        #expect(await TransportConformance.violations(of: fixture) == [])
    }

    @Test func deliveryOnThreadsConforms() async {
        let fixture = Fixture(.threaded, encodes: false, canPause: false)
        #expect(await TransportConformance.violations(of: fixture) == [])
    }

    @Test func deliveryThroughBytesConforms() async {
        let fixture = Fixture(.threaded, encodes: true, canPause: true)
        #expect(await TransportConformance.violations(of: fixture) == [])
    }

    // MARK: - The suite itself

    /// Side by side, also where tests run one by one: they do little but wait.
    @Test func everyFlawIsFound() async {
        await withTaskGroup(of: Void.self) { group in
            for flaw in Flaw.allCases {
                group.addTask {
                    let violations = await TransportConformance.violations(
                        of: FlawedFixture(flaw: flaw),
                        patience: .seconds(1)
                    )
                    #expect(
                        violations.contains { $0.hasPrefix(flaw.rawValue) },
                        "\(flaw): \(violations)"
                    )
                }
            }
        }
    }
}
