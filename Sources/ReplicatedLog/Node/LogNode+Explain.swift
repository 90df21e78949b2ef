public import PaxosCore

extension LogNode {
    /// Why something does not go on here: why there is no leader, why a slot is not committed, why the log is not trimmed
    /// any farther, why a member is not counted; and what to do. Empty if all goes on.
    ///
    /// ```swift
    /// for reason in await node.explain() { print(reason) }
    /// // no leader: nobody but member 2 is heard, and a quorum is 3; start more members, or mend the links to them
    /// ```
    ///
    /// What this node knows: another one may know more, a leader of its followers for instance. It waits for the node's next
    /// step, and for nothing else.
    public func explain() async -> [Explanation] {
        var found = await withUnsafeContinuation { continuation in
            inbox.submit(explains: continuation)
        }
        let status = status
        if case .failed(.storeFailed(let failure)) = status.health,
            !found.contains(where: { $0.cause == .storeFailed(failure) })
        {
            found.insert(Explanation(.leadership, .storeFailed(failure)), at: 0)
        }
        if case .damaged = status.health { found.append(Explanation(.commitment, .damaged)) }
        return found
    }
}
