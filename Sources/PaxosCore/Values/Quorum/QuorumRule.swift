/// Which sets of members are a quorum.
///
/// Every phase-1 quorum meets every phase-2 quorum; a rule under which two could miss each other is
/// refused when the configuration is made (Howard, Malkhi, Spiegelman, "Flexible Paxos"; `R50`).
public enum QuorumRule: Hashable, Sendable {
    /// More than half of the members, in both phases.
    case majority
    /// At least `phase1` members to begin a ballot and `phase2` members to choose an entry.
    case sized(phase1: Int, phase2: Int)

    func phase1(of members: Int) -> Int {
        switch self {
        case .majority: members / 2 + 1
        case .sized(let phase1, _): phase1
        }
    }

    func phase2(of members: Int) -> Int {
        switch self {
        case .majority: members / 2 + 1
        case .sized(_, let phase2): phase2
        }
    }
}
