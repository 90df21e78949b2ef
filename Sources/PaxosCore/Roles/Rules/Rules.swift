/// The decisions on which agreement rests, as values: each rule writes out the cases that the paper
/// distinguishes and says what is done in each.
///
/// Whoever decides asks the rule instead of comparing by himself, so that each decision stands in one place
/// and can be read beside the paper. Which sets of members are a quorum is `QuorumRule`'s, as part of the
/// membership.
package struct Rules: Hashable, Sendable {
    package var acceptance: AcceptanceRule
    package var recovery: RecoveryRule
    package var learning: LearningRule
    package var delivery: DeliveryRule
    package var succession: SuccessionRule
    package var trimming = TrimmingRule.confirmed
    package var installing = InstallingRule.whole
    package var transferring = TransferRule.upToDate
    package var proposing = ProposingRule.asAsked

    package init(
        acceptance: AcceptanceRule,
        recovery: RecoveryRule,
        learning: LearningRule,
        delivery: DeliveryRule,
        succession: SuccessionRule
    ) {
        self.acceptance = acceptance
        self.recovery = recovery
        self.learning = learning
        self.delivery = delivery
        self.succession = succession
    }

    /// Multi-Paxos as in Lamport, "Paxos Made Simple".
    package static let paxos = Rules(
        acceptance: .paxos,
        recovery: .paxos,
        learning: .paxos,
        delivery: .paxos,
        succession: .lineage
    )
}

/// A decision by how one ballot stands to another (`R9`).
package struct BallotRule: Hashable, Sendable {
    package let below: Bool
    package let equal: Bool
    package let above: Bool

    package init(below: Bool, equal: Bool, above: Bool) {
        self.below = below
        self.equal = equal
        self.above = above
    }

    func holds(of ballot: Ballot, against other: Ballot) -> Bool {
        if ballot == other { return equal }
        return ballot > other ? above : below
    }
}
