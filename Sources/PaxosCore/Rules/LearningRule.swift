/// Which row a learner passes for what was chosen, given that a leader of some ballot knows the slot chosen:
/// a row accepted under that ballot or a later one, since none of those can have proposed anything else; and
/// one that was stored as chosen (`R68`).
package struct LearningRule: Hashable, Sendable {
    /// By how the row's ballot stands to the notice's.
    package var passes: BallotRule

    package init(passes: BallotRule) {
        self.passes = passes
    }

    package static let paxos = LearningRule(
        passes: BallotRule(below: false, equal: true, above: true)
    )
}
