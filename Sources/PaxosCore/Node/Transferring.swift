/// Callers who want a member to lead.
///
/// The leader is asked, each heartbeat, as long as somebody waits, and does what `Transfer` says; each caller is
/// answered when the member is heard to lead here.
struct Transferring: Sendable {
    private struct Open {
        let waiter: WaiterID
        let target: NodeID
        var asked: Tick?
    }

    private var open: [Open] = []

    mutating func take(
        _ arrivals: borrowing Arrivals,
        _ refusal: Refusal?,
        _ callers: inout Callers,
        _ replica: borrowing Replica,
        _ output: inout Output
    ) {
        for request in arrivals.transfers {
            callers.add(request.waiter, deadline: request.deadline)
            if let refusal {
                callers.end(request.waiter, refusal, output: &output)
            } else if !replica.membership.contains(request.target) {
                callers.end(request.waiter, .noSuchMember, output: &output)
            } else {
                open.append(Open(waiter: request.waiter, target: request.target))
            }
        }
    }

    mutating func advance(
        _ callers: inout Callers,
        _ replica: inout Replica,
        output: inout Output
    ) {
        guard !open.isEmpty else { return }
        let now = replica.now
        let leads = replica.leader != nil
        let leader = leads ? replica.leader?.ballot : replica.election.liveLeader(at: now)
        var left: [Open] = []
        for var one in open where callers.isWaiting(one.waiter) {
            if let leader, leader.node == one.target {
                callers.answer(one.waiter, leader: leader, output: &output)
                continue
            }
            if leads {
                replica.transfer(to: one.target)
            } else if let route = replica.route, route != replica.node,
                one.asked.map({ now >= $0.advanced(by: replica.limits.heartbeatTicks) }) ?? true
            {
                one.asked = now
                let request = TransferRequest(target: one.target, hops: 0)
                output.send(.transferRequest(request), to: route)
            }
            left.append(one)
        }
        open = left
    }

    /// Another node wants a member to lead: of this leader, or it is passed on.
    func receive(
        _ request: TransferRequest,
        from sender: NodeID,
        _ replica: inout Replica,
        output: inout Output
    ) -> Bool {
        guard replica.membership.contains(request.target) else { return false }
        if replica.leader != nil {
            replica.transfer(to: request.target)
        } else if request.hops < Forward.mostHops,
            let next = replica.election.route(at: replica.now),
            next != sender, next != replica.node
        {
            let passed = TransferRequest(target: request.target, hops: request.hops + 1)
            output.send(.transferRequest(passed), to: next)
        }
        return true
    }
}
