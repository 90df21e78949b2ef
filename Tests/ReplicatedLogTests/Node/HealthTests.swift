import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// What a node says first of several things that are wrong.
@Suite struct HealthTests {
    /// A stranger with another list hid a disk that was full, and rows that were lost.
    @Test func whatIsWrongHereComesBeforeWhatOthersSay() {
        var status = Quiet.idle
        func health(_ unreadable: Slot? = nil) -> LogStatus.Health {
            LogStatus.Health(status, unreadable: unreadable)
        }
        #expect(health() == .healthy)
        status.refusedBy = 3
        status.refusal = .twin
        #expect(health() == .refused(by: 3, reason: .twin))
        let disagreement = Disagreement(
            node: 9,
            differences: [AgreementDifference(field: "members", here: "1", there: "9")]
        )
        status.disagreements = [disagreement]
        #expect(health() == .disagrees(disagreement))
        status.isFull = true
        #expect(health() == .full)
        #expect(health(7) == .damaged(slot: 7))
    }
}
