/// Which row a learner passes for what was chosen, given that a leader of some ballot knows the slot chosen:
/// a row accepted under that ballot, and one that was stored as chosen (`R68`).
///
/// One of a later ballot is what was chosen too, if the notice is true. But then its own leader says so, or it
/// is fetched; and a notice that somebody invented under a ballot of long ago would pass every row to come
/// (`R80`).
package struct LearningRule: Hashable, Sendable {
    /// By how the row's ballot stands to the notice's.
    package var passes: BallotRule

    package init(passes: BallotRule) {
        self.passes = passes
    }

    package static let paxos = LearningRule(
        passes: BallotRule(below: false, equal: true, above: false)
    )
}
