/// Who was made with other terms than this node, as far as it was heard lately: one that has been put
/// right is not shown for ever.
struct Disagreements: Sendable {
    /// For how many ticks a difference is shown that is not heard again.
    static var shown: UInt64 { 500 }
    /// Of more nodes than a membership can have, the latest are kept.
    private static var most: Int { Membership.maximumMembers }

    private var found: [(disagreement: Disagreement, at: Tick)] = []

    var isEmpty: Bool { found.isEmpty }

    /// What the latest `Hello` of a node differed in, which may be nothing.
    mutating func note(_ differences: [AgreementDifference], of node: NodeID, at now: Tick) {
        if found.isEmpty, differences.isEmpty { return }
        found.removeAll { $0.disagreement.node == node }
        guard !differences.isEmpty else { return }
        if found.count == Self.most { found.removeFirst() }
        found.append((Disagreement(node: node, differences: differences), now))
    }

    /// The tick at which what was heard then is not shown any more.
    static func end(of heard: Tick) -> Tick { heard.advanced(by: shown + 1) }

    /// The next such tick of those that are shown.
    func shownUntil(after now: Tick) -> Tick {
        found.map { Self.end(of: $0.at) }.filter { $0 > now }.min() ?? .never
    }

    func lately(at now: Tick) -> [Disagreement] {
        found.filter { now <= $0.at.advanced(by: Self.shown) }.map(\.disagreement)
            .sorted { $0.node < $1.node }
    }
}
