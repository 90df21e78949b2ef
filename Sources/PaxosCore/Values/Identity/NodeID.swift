/// The place of a node in a cluster's membership.
///
/// An id is part of every ballot the node makes and of the order between ballots, so it is never
/// reused and never derived from an address (`R5`). Zero is not an id.
public struct NodeID: Hashable, Comparable, Sendable, RawRepresentable {
    /// The number, at least 1.
    public let rawValue: UInt64

    /// Makes an id, or `nil` for zero.
    public init?(rawValue: UInt64) {
        guard rawValue != 0 else { return nil }
        self.rawValue = rawValue
    }

    private init(nobody: Void) {
        rawValue = 0
    }

    /// The node of `Ballot.zero`: lower than every real id and member of nothing.
    package static let nobody = NodeID(nobody: ())

    /// Orders ids by number.
    public static func < (left: NodeID, right: NodeID) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension NodeID: Codable {}

extension NodeID: ExpressibleByIntegerLiteral {
    /// Makes an id from a literal; the literal `0` traps.
    public init(integerLiteral value: UInt64) {
        precondition(value != 0, "a node id is at least 1")
        rawValue = value
    }
}

extension NodeID: CustomStringConvertible {
    /// `n` and the number, as in `n1`.
    public var description: String { "n\(rawValue)" }
}
