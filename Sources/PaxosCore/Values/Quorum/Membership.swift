/// The members that decide a slot, and which sets of them are a quorum.
public struct Membership: Hashable, Sendable {
    /// At most this many members: a set of members is one machine word.
    public static let maximumMembers = 64

    /// The members, in ascending order.
    public let members: [NodeID]
    /// Which sets of members are a quorum.
    public let quorum: QuorumRule

    /// Makes a membership.
    ///
    /// ```swift
    /// let three = try Membership([1, 2, 3])
    /// let five = try Membership([1, 2, 3, 4, 5], quorum: .sized(phase1: 4, phase2: 2))
    /// ```
    ///
    /// - Throws: `InvalidMembership` if there is no member, one stands twice, there are more than
    ///   `maximumMembers`, or two quorums of the rule could miss each other.
    public init(_ members: [NodeID], quorum: QuorumRule = .majority) throws(InvalidMembership) {
        let sorted = members.sorted()
        guard !sorted.isEmpty else { throw .noMembers }
        guard sorted.count <= Self.maximumMembers else { throw .tooManyMembers(sorted.count) }
        for (left, right) in zip(sorted, sorted.dropFirst()) where left == right {
            throw .duplicateMember(left)
        }
        if case .sized(let phase1, let phase2) = quorum {
            let sizes = 1...sorted.count
            guard sizes.contains(phase1), sizes.contains(phase2), phase1 + phase2 > sorted.count
            else { throw .quorumsMayMissEachOther(phase1: phase1, phase2: phase2) }
        }
        self.members = sorted
        self.quorum = quorum
    }

    /// A cluster of one.
    package init(alone member: NodeID) {
        members = [member]
        quorum = .majority
    }

    package func contains(_ node: NodeID) -> Bool { position(of: node) != nil }

    /// True if the members of `set` may begin a ballot.
    package func isPhase1Quorum(_ set: MemberSet) -> Bool {
        set.count >= quorum.phase1(of: members.count)
    }

    /// True if an entry accepted under one ballot by the members of `set` is chosen.
    package func isPhase2Quorum(_ set: MemberSet) -> Bool {
        set.count >= quorum.phase2(of: members.count)
    }

    package func position(of node: NodeID) -> Int? { members.firstIndex(of: node) }
}

/// Why a membership was refused.
public enum InvalidMembership: Error, Hashable, Sendable, CustomStringConvertible {
    /// A cluster has at least one member.
    case noMembers
    /// More members than `Membership.maximumMembers`.
    case tooManyMembers(Int)
    /// One member is named twice.
    case duplicateMember(NodeID)
    /// Two quorums of these sizes need not have a member in common.
    case quorumsMayMissEachOther(phase1: Int, phase2: Int)

    /// What is wrong, for people.
    public var description: String {
        switch self {
        case .noMembers: "a membership needs at least one member"
        case .tooManyMembers(let count):
            "\(count) members are more than the \(Membership.maximumMembers) a membership can hold"
        case .duplicateMember(let node): "member \(node.rawValue) is named twice"
        case .quorumsMayMissEachOther(let phase1, let phase2):
            "phase-1 quorums of \(phase1) and phase-2 quorums of \(phase2) may miss each other"
        }
    }
}

/// Which members have said something: a set of distinct members, so that nobody counts twice (`R8`).
package struct MemberSet: Hashable, Sendable {
    private var bits: UInt64 = 0

    package init() {}

    package var count: Int { bits.nonzeroBitCount }

    package func contains(position: Int) -> Bool { bits & (1 << UInt64(position)) != 0 }

    package mutating func insert(position: Int) { bits |= 1 << UInt64(position) }
}

/// The memberships of a log, by the slot from which each governs.
package struct MembershipHistory: Hashable, Sendable {
    private let founding: Membership

    package init(founding: Membership) {
        self.founding = founding
    }

    /// The membership whose quorums decide `slot`.
    package func membership(governing slot: Slot) -> Membership { founding }
}
