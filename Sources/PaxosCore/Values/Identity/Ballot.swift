/// A ballot number: totally ordered and unique to the node that made it.
///
/// Ordered by round, then by node, so that two nodes never make equal ballots (Lamport, "Paxos Made
/// Simple", section 2.2; `R5`). Counters are 64 bits wide and refused far from overflow (`R10`).
public struct Ballot: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The round, which a node raises above every round it has seen before it campaigns.
    public let round: UInt64
    /// The node that made the ballot.
    public let node: NodeID

    package init(round: UInt64, node: NodeID) {
        self.round = round
        self.node = node
    }

    /// Below every ballot a node can make: nothing promised, nothing accepted.
    public static let zero = Ballot(round: 0, node: .nobody)

    /// Above every ballot a node can make.
    package static let limit = Ballot(round: .max, node: .nobody)

    /// Orders ballots by round, then by node.
    public static func < (left: Ballot, right: Ballot) -> Bool {
        left.round != right.round ? left.round < right.round : left.node < right.node
    }

    /// One number in the order of ballots: no two leaderships have the same.
    ///
    /// For systems outside the log that take nothing under a lower number than they have seen.
    public var fencingNumber: UInt128 { UInt128(round) << 64 | UInt128(node.rawValue) }

    /// `round.node`, as in `2.n1`.
    public var description: String { "\(round).\(node)" }
}
