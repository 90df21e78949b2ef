/// How much a member is to lead, where several can.
public enum LeadershipPriority: UInt8, Hashable, Sendable, CaseIterable {
    /// As any other.
    case normal = 0
    /// Before others: it looks for a leader sooner, and who leads without being preferred hands over to it once it has
    /// kept up for ten election timeouts.
    case prefer = 1
    /// After others: it looks for a leader an election timeout later, and if it leads all the same, hands over to any
    /// other that has kept up for ten election timeouts.
    case avoid = 2
}

extension LeadershipPriority {
    var rank: Int {
        switch self {
        case .avoid: 0
        case .normal: 1
        case .prefer: 2
        }
    }
}
