/// What an acceptor takes, by how the ballot stands to its promise (phases 1b and 2b of "Paxos Made
/// Simple", section 2.2).
package struct AcceptanceRule: Hashable, Sendable {
    /// Whether a Prepare is promised. An equal ballot is: the answer may have been lost.
    package var promises: BallotRule
    /// Whether an entry is accepted.
    package var accepts: BallotRule

    package init(promises: BallotRule, accepts: BallotRule) {
        self.promises = promises
        self.accepts = accepts
    }

    package static let paxos = AcceptanceRule(
        promises: BallotRule(below: false, equal: true, above: true),
        accepts: BallotRule(below: false, equal: true, above: true)
    )
}
