internal import PaxosCore
internal import Platform

extension Inbox {
    func submit(
        _ ticket: borrowing Ticket,
        continuation: WaiterTable.Continuation,
        barrierBy deadline: Tick
    ) {
        submit(ticket, continuation) { state, waiter in
            state.barriers.append(BarrierRequest(waiter: waiter, deadline: deadline))
        }
    }

    func submit(
        _ ticket: borrowing Ticket,
        continuation: WaiterTable.Continuation,
        trimThrough slot: Slot,
        pastSnapshots: Bool,
        by deadline: Tick
    ) {
        submit(ticket, continuation) { state, waiter in
            let request = TrimRequest(
                waiter: waiter,
                through: slot,
                pastSnapshots: pastSnapshots,
                deadline: deadline
            )
            state.trims.append(request)
        }
    }

    func submit(
        _ ticket: borrowing Ticket,
        continuation: WaiterTable.Continuation,
        resolving token: Token,
        settles: Bool,
        by deadline: Tick
    ) {
        submit(ticket, continuation) { state, waiter in
            let request = ResolveRequest(
                waiter: waiter,
                token: token,
                settles: settles,
                deadline: deadline
            )
            state.resolves.append(request)
        }
    }

    /// Rows above a slot are kept for a snapshot, from the next step on: no trim that is asked for later comes
    /// before it. Nobody is woken for that.
    func keep(above slot: Slot) {
        state.withLock { $0.keepsAbove = slot }
    }
}
