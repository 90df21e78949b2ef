/// When own appends that have no slot yet are sent once more: when the leader changes or says that it has not
/// got them, and through a peer also when time has passed. However often one arrives, it has effect once.
struct Retries: Sendable {
    /// How many sequences one probe asks about.
    static var mostProbed: Int { 1 << 17 }

    /// The leadership under which they were sent last.
    private var leading: Ballot?
    /// The sequences that the leader said in this step it had not got.
    private var lost = NumberRanges()
    /// When to ask what became of them, or to send them again.
    private var next = Tick.zero
    /// Their newest sending, until a probe behind it is answered.
    private var underway = Underway()
    /// How often they were sent again by the clock, where no probe reaches the leader.
    private var relayed = 0
    /// The first of them that was undecided then.
    private var firstRelayed: UInt64?

    /// The first to leave: what is kept here was about appends that are decided.
    mutating func begin(under leading: Ballot?, next: Tick) {
        self.leading = leading
        relayed = 0
        self.next = next
    }

    /// Sends everything again as if somebody else led from here on.
    mutating func forgetLeader() {
        leading = nil
    }

    /// The leader has answered a probe for them.
    mutating func note(_ missing: NumberRanges, answering probe: UInt64) {
        guard underway.isLost(probe), !missing.isEmpty else { return }
        // At the end of the step: if it brings a new ballot too, everything goes again anyway.
        lost = missing
    }

    /// What is to be sent again now, and where to; to this node itself if it leads. A leader that has not changed
    /// is asked what it knows of them first, when a while has passed (`R83`).
    mutating func due(
        _ callers: borrowing Callers,
        _ replica: inout Replica,
        output: inout Output
    ) -> (appends: [ProposedAppends.Proposed], route: NodeID)? {
        let now = replica.now
        let route = replica.leader != nil ? replica.node : replica.route
        let isNew = replica.leading != leading
        var lost = NumberRanges()
        swap(&lost, &self.lost)
        if !isNew, !lost.isEmpty, let route, route != replica.node {
            underway = Underway()
            return (callers.undecided.all.filter { lost.contains($0.sequence) }, route)
        }
        guard !callers.undecided.isEmpty, var route, isNew || now >= next else { return nil }
        if route == replica.node, !isNew { return nil }
        // Without room none of them would stay.
        guard route != replica.node || (replica.isReadable && !replica.hasNoRoom) else {
            return nil
        }
        leading = replica.leading
        if isNew { relayed = 0 }
        let timeout = replica.limits.electionTicks
        next = now.advanced(by: timeout << UInt64(min(relayed, 5)))
        if !isNew, let leader = replica.election.liveLeader(at: now)?.node {
            // Also while somebody else passes them on: the way may be open again.
            probe(leader, callers, &replica, output: &output)
            if leader == route { return nil }
        }
        if !isNew {
            relayed += 1
            let first = callers.undecided.all.first?.sequence
            if first == firstRelayed {
                replica.detours += 1
                // Whoever was to pass it on did not help.
                route = replica.route ?? route
            }
            firstRelayed = first
        }
        underway = Underway()
        return (callers.undecided.all, route)
    }

    private mutating func probe(
        _ leader: NodeID,
        _ callers: borrowing Callers,
        _ replica: inout Replica,
        output: inout Output
    ) {
        let undecided = callers.undecided.all
        guard let first = undecided.first?.sequence, let last = undecided.last?.sequence else {
            return
        }
        let count = UInt32(min(last - first + 1, UInt64(Self.mostProbed)))
        let id = replica.ask(
            .forwards(callers.token(first), count: count),
            leader,
            behind: callers.undecided.bytes,
            output: &output
        )
        underway.noteProbe(id)
    }
}
