/// Callers who ask what became of a token.
///
/// The delivered prefix tells (`LogState.fate`), on every member alike. Where it says nothing yet, a caller may have
/// it settled: the leader is asked for a void entry, again when the leader changes and each election timeout, until
/// the token is decided here, one way or the other. It is decided by the log alone and never by what the leader has
/// in memory (`R26`, `R94`).
struct Resolving: Sendable {
    private struct Open {
        let waiter: WaiterID
        let token: Token
        let settles: Bool
        /// Under which leadership it was asked for last, and when.
        var leading: Ballot?
        var asked: Tick?
    }

    private var open: [Open] = []
    /// What the log says was looked at for all of `open` up to here.
    private var looked = Slot.zero
    /// Was known committed at the opening: nobody is told that the log does not speak of a token before it is read.
    private let recovered: Slot

    init(recovered: Slot) {
        self.recovered = recovered
    }

    /// Answers those whose answer is known or who do not want more than what is.
    mutating func take(
        _ arrivals: borrowing Arrivals,
        _ refusal: Refusal?,
        _ callers: inout Callers,
        _ replica: borrowing Replica,
        _ delivering: borrowing Delivering,
        _ output: inout Output
    ) {
        for request in arrivals.resolves {
            callers.add(request.waiter, deadline: request.deadline)
            if let refusal {
                callers.end(request.waiter, refusal, output: &output)
                continue
            }
            let fate = delivering.state.fate(of: request.token)
            // Nobody has been told such a token: a void entry would end an append that is still to come.
            guard request.token.boot > .never, request.token.sequence > 0,
                callers.mayHaveNamed(request.token),
                fate != .open || replica.knows(request.token.node)
            else {
                callers.end(request.waiter, .noSuchToken, output: &output)
                continue
            }
            guard fate == .open, request.settles || delivering.fed < recovered else {
                callers.answer(request.waiter, fate: fate, output: &output)
                continue
            }
            open.append(
                Open(waiter: request.waiter, token: request.token, settles: request.settles)
            )
        }
    }

    /// Answers those whose token is decided by now, and has the leader asked for the others.
    mutating func advance(
        _ callers: inout Callers,
        _ proposals: inout Proposals,
        _ replica: inout Replica,
        _ delivering: borrowing Delivering,
        output: inout Output
    ) {
        guard !open.isEmpty else { return }
        answer(&callers, delivering, output: &output)
        let now = replica.now
        let leads = replica.leader != nil
        guard let route = leads ? replica.node : replica.route, leads || route != replica.node
        else { return }
        let leading = replica.leading
        var isLate = false
        for place in open.indices where open[place].settles {
            if let asked = open[place].asked, open[place].leading == leading,
                now < asked.advanced(by: replica.limits.electionTicks)
            {
                continue
            }
            let settle = Settle(token: open[place].token, hops: 0)
            // Of a leader without room, or with too many, it is asked again in the next step: where nobody else is there
            // is no other.
            if leads, replica.hasNoRoom || !proposals.void(settle.token) { continue }
            isLate = isLate || open[place].asked != nil && open[place].leading == leading
            open[place].leading = leading
            open[place].asked = now
            if !leads { output.send(.settle(settle), to: route) }
        }
        guard isLate, !leads, let leader = replica.election.liveLeader(at: now)?.node else {
            return
        }
        // Whether the leader's log lane is dead shows only if something is owed there.
        _ = replica.ask(.answers, leader, output: &output)
        if leader != route { replica.detours += 1 }
    }

    private mutating func answer(
        _ callers: inout Callers,
        _ delivering: borrowing Delivering,
        output: inout Output
    ) {
        let isNew = delivering.delivered > looked
        looked = delivering.delivered
        var left: [Open] = []
        for one in open where callers.isWaiting(one.waiter) {
            // Whoever came since has been looked at when it did.
            let fate = isNew ? delivering.state.fate(of: one.token) : .open
            if fate == .open, one.settles || delivering.fed < recovered {
                left.append(one)
            } else {
                callers.answer(one.waiter, fate: fate, output: &output)
            }
        }
        open = left
    }
}
