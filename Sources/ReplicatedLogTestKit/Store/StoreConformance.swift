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
            ("trimming", { try await $0.trimsWhatItIsTold() }),
            ("base", { try await $0.installsABase() }),
            ("end", { try await $0.finishesWhatWasSubmitted() }),
            ("failure", { try await $0.saysNothingAfterAFailure() }),
        ]
        var violations: [String] = []
        for check in checks {
            let run = StoreRun(medium: check.0, fixture: fixture, patience: patience)
            violations += await run.violations(of: check, by: "store")
        }
        return violations
    }
}

/// One check, and its medium.
final class StoreRun: ConformanceRun {
    let fixture: any StoreFixture
    private let medium: String
    private let patience: Duration
    let findings = Findings()

    init(medium: String, fixture: any StoreFixture, patience: Duration) {
        self.medium = medium
        self.fixture = fixture
        self.patience = patience
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
