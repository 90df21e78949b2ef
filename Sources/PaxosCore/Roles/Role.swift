/// What a node is as a proposer: one of these at a time.
package enum Role: Sendable {
    /// Proposes nothing.
    case follower
    /// In phase 1.
    case candidate(Candidate)
    /// Past it, under the same ballot.
    case leader(Leader)

    /// The ballot under which it proposes.
    package var ballot: Ballot? {
        switch self {
        case .follower: nil
        case .candidate(let candidate): candidate.ballot
        case .leader(let leader): leader.ballot
        }
    }

    /// The candidate that it is, if it is one. Setting it ends what was before; clearing it ends no other role.
    package internal(set) var candidate: Candidate? {
        get { if case .candidate(let candidate) = self { candidate } else { nil } }
        _modify {
            var candidate = candidate
            // The only copy meanwhile: what it holds is changed in its place.
            if candidate != nil { self = .follower }
            defer { if let candidate { self = .candidate(candidate) } }
            yield &candidate
        }
    }

    /// The leader that it is, as `candidate`.
    package internal(set) var leader: Leader? {
        get { if case .leader(let leader) = self { leader } else { nil } }
        _modify {
            var leader = leader
            if leader != nil { self = .follower }
            defer { if let leader { self = .leader(leader) } }
            yield &leader
        }
    }
}
