/// What the hosts' machines were at slots at which they wrote snapshots, of this node and of the others (`R67`).
///
/// The log is the same on all members, and nothing but the machine's own care makes what comes of it the same. Of all
/// this nothing is on a disk: a later process begins with the mark of the snapshot that its host begins with.
struct Comparing: Sendable {
    /// So many marks are kept of each member, the newest ones.
    static let kept = 8

    /// In ascending order, like those of the others.
    private var own: [StateMark] = []
    /// By member.
    private var others: [(node: NodeID, marks: [StateMark])] = []
    /// What was told of a slot.
    private var told: [Divergence] = []
    /// What was found last, or once that this node's host is wrong.
    private(set) var found: Divergence?

    /// What was heard last of this node's host.
    var newest: StateMark? { own.last }

    func own(at slot: Slot) -> StateMark? { own.first { $0.slot == slot } }

    /// Takes a mark of this node's host.
    mutating func note(_ mark: StateMark) {
        Self.put(mark, into: &own)
        told.removeAll { one in !own.contains { $0.slot == one.slot } }
    }

    /// Takes what another member has said; false if it had said so before.
    mutating func hear(_ mark: StateMark, of node: NodeID) -> Bool {
        guard let place = others.firstIndex(where: { $0.node == node }) else {
            others.append((node, [mark]))
            return true
        }
        guard !others[place].marks.contains(mark) else { return false }
        Self.put(mark, into: &others[place].marks)
        return true
    }

    private static func put(_ mark: StateMark, into marks: inout [StateMark]) {
        marks.removeAll { $0.slot == mark.slot }
        marks.insert(mark, at: marks.firstIndex { $0.slot > mark.slot } ?? marks.endIndex)
        if marks.count > kept { marks.removeFirst() }
    }

    /// Compares what the members of a membership have said of a slot: what is new in that, if they differ.
    mutating func compare(
        at slot: Slot,
        among members: [NodeID],
        own node: NodeID
    ) -> Divergence? {
        guard let mark = own(at: slot) else { return nil }
        var alike = [node]
        var differing: [NodeID] = []
        var digests: [UInt64] = []
        for member in members where member != node {
            let marks = others.first { $0.node == member }?.marks ?? []
            guard let other = marks.first(where: { $0.slot == slot && $0.form == mark.form })
            else { continue }
            if other.digest == mark.digest {
                alike.append(member)
            } else {
                differing.append(member)
                digests.append(other.digest)
            }
        }
        guard !differing.isEmpty else { return nil }
        // Not the quorum of a phase, of which there may be two that miss each other.
        func isMajority(_ count: Int) -> Bool { count > members.count / 2 }
        let largest = digests.map { digest in digests.count { $0 == digest } }.max() ?? 0
        let verdict: Divergence.Verdict =
            isMajority(alike.count) ? .elsewhere : isMajority(largest) ? .here : .open
        let now = Divergence(
            slot: slot,
            alike: alike.sorted(),
            differing: differing,
            verdict: verdict
        )
        guard !told.contains(now) else { return nil }
        told.removeAll { $0.slot == slot }
        told.append(now)
        if isNews(now) { found = now }
        return now
    }

    /// Once wrong it stays so, whatever else is heard; and whoever was found wrong is not in doubt again where fewer
    /// have said what they have.
    private func isNews(_ now: Divergence) -> Bool {
        guard let found else { return true }
        switch found.verdict {
        case .here: return false
        case .elsewhere:
            return now.verdict != .open || !now.differing.allSatisfy(found.differing.contains)
        case .open: return true
        }
    }

    /// How far the snapshots of this node's host may be given to others: not where they are known to be wrong.
    func trusted(_ slot: Slot) -> Slot {
        guard let found, found.verdict == .here else { return slot }
        return min(slot, found.slot.previous)
    }
}

extension Replica {
    /// In election timeouts: a notice may be lost, or its receiver begin anew.
    private static let saidAgain: UInt64 = 64

    /// This node's host was this.
    mutating func note(_ marks: [StateMark], output: inout Output) {
        for mark in marks {
            comparing.note(mark)
            sayState(output: &output)
            compare(at: mark.slot)
        }
    }

    mutating func receive(_ notice: StateNotice, from sender: NodeID, output: inout Output) {
        guard sender != node, membership.contains(sender) else { return }
        let slot = notice.mark.slot
        guard comparing.hear(notice.mark, of: sender) else { return }
        // It is there now, and may not have heard what was said before it came there.
        if let own = comparing.own(at: slot) {
            output.send(.stateNotice(StateNotice(mark: own)), to: sender)
        }
        compare(at: slot)
    }

    /// Says the newest again, once in a while.
    mutating func sayStateAgain(output: inout Output) {
        if now >= saysStateAt { sayState(output: &output) }
    }

    private mutating func sayState(output: inout Output) {
        guard let mark = comparing.newest else {
            saysStateAt = .never
            return
        }
        saysStateAt = now.advanced(by: Self.saidAgain * limits.electionTicks)
        for member in membership.members where member != node {
            output.send(.stateNotice(StateNotice(mark: mark)), to: member)
        }
    }

    private mutating func compare(at slot: Slot) {
        let found = comparing.compare(at: slot, among: membership.members, own: node)
        if let found { tell(.diverged(found)) }
    }
}
