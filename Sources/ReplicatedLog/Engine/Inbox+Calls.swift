internal import PaxosCore

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
        by deadline: Tick
    ) {
        submit(ticket, continuation) { state, waiter in
            state.trims.append(TrimRequest(waiter: waiter, through: slot, deadline: deadline))
        }
    }
}
