internal import PaxosCore
internal import Platform

/// Checks a store against everything that the documentation of `LogStore` asks.
package enum StoreConformance {
    /// Runs every check, each on a medium of its own.
    ///
    /// - Returns: What the store does wrong, one sentence each, beginning with the name of the check;
    ///   empty if nothing was found.
    package static func violations(
        of fixture: some StoreFixture,
        patience: Duration = .seconds(20)
    ) async -> [String] {
        let checks: [(String, @Sendable (StoreRun) async throws -> Void)] = [
            ("beginning", { try await $0.beginsEmpty() }),
            ("receipts", { try await $0.receiptsInOrder() }),
            ("reopening", { try await $0.findsWhatWasReceipted() }),
            ("overwriting", { try await $0.letsLaterRowsWin() }),
            ("reading", { try await $0.readsInBoundedPages() }),
            ("end", { try await $0.finishesWhatWasSubmitted() }),
            ("failure", { try await $0.saysNothingAfterAFailure() }),
        ]
        var violations: [String] = []
        for (name, check) in checks {
            let run = StoreRun(medium: name, fixture: fixture, patience: patience)
            do {
                try await check(run)
            } catch {
                run.report("the store threw \(error)")
            }
            violations += run.violations.map { "\(name): \($0)" }
        }
        return violations
    }
}

/// One check and what it found.
final class StoreRun: Sendable {
    let fixture: any StoreFixture
    private let medium: String
    private let patience: Duration
    private let found = Locked<[String]>([])

    init(medium: String, fixture: any StoreFixture, patience: Duration) {
        self.medium = medium
        self.fixture = fixture
        self.patience = patience
    }

    var violations: [String] { found.withLock { $0 } }

    func report(_ violation: String) {
        found.withLock { $0.append(violation) }
    }

    func expect(_ holds: Bool, _ violation: @autoclosure () -> String) {
        if !holds { report(violation()) }
    }

    func open() async throws -> OpenedStore {
        OpenedStore(try await fixture.open(medium))
    }

    /// Waits for the receipt of a batch.
    func receipt(of number: UInt64, _ opened: OpenedStore) async -> Bool {
        let listener = opened.listener
        let isThere = await Wait.until(patience) { listener.through >= number }
        expect(isThere, "batch \(number) gets no receipt")
        return isThere
    }
}
