/// What a new leader proposes in a slot above C: "the value of the highest-numbered proposal among the
/// responses, or any value if the responses reported no proposals" (phase 2a of "Paxos Made Simple",
/// section 2.2; `R6`, `R12`).
package struct RecoveryRule: Hashable, Sendable {
    package enum Proposal: Hashable, Sendable {
        case entryFound, noop
    }

    /// Whether an entry found later takes the place of one found before, by how its ballot stands to the
    /// other's.
    package var outranks: BallotRule
    /// What is proposed where the quorum has accepted something.
    package var whereAccepted: Proposal
    /// What is proposed in a hole, where the quorum has accepted nothing.
    package var whereEmpty: Proposal

    package init(outranks: BallotRule, whereAccepted: Proposal, whereEmpty: Proposal) {
        self.outranks = outranks
        self.whereAccepted = whereAccepted
        self.whereEmpty = whereEmpty
    }

    package static let paxos = RecoveryRule(
        outranks: BallotRule(below: false, equal: false, above: true),
        whereAccepted: .entryFound,
        whereEmpty: .noop
    )

    /// The entry to be proposed in a slot, given the row found for it, if one was.
    func entry(for row: AcceptedEntry?) -> Entry {
        switch row == nil ? whereEmpty : whereAccepted {
        case .entryFound: row?.entry ?? .noop
        case .noop: .noop
        }
    }
}
