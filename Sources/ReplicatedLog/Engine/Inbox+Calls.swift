internal import LogStorage
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
        pastCursors: Bool,
        by deadline: Tick
    ) {
        submit(ticket, continuation) { state, waiter in
            let request = TrimRequest(
                waiter: waiter,
                through: slot,
                pastSnapshots: pastSnapshots,
                pastCursors: pastCursors,
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

    func submit(
        _ ticket: borrowing Ticket,
        continuation: WaiterTable.Continuation,
        transferTo target: NodeID,
        by deadline: Tick
    ) {
        submit(ticket, continuation) { state, waiter in
            let call = TransferCall(waiter: waiter, target: target, deadline: deadline)
            state.transfers.append(call)
        }
    }

    /// Asks the driver for its core's explanations; a node that nobody drives has none to ask.
    func submit(explains continuation: Explains) {
        let isDriven = state.withLock { state in
            guard state.isDriven, state.refusal == nil else { return false }
            state.explains.append(continuation)
            return true
        }
        guard isDriven else {
            return continuation.resume(returning: [Explanation(.leadership, .notRunning)])
        }
        parker.unpark()
    }

    /// The driver has ended.
    func endExplaining() {
        let left = state.withLock { $0.explains.handOver() }
        for one in left { one.resume(returning: [Explanation(.leadership, .notRunning)]) }
    }

    /// Rows above a slot are kept for a snapshot, from the next step on: no trim that is asked for later comes
    /// before it. Nobody is woken for that.
    func keep(_ hold: SnapshotHold) {
        state.withLock { state in
            state.keepsAbove = hold.keepsAbove
            state.snapshot = hold.newest ?? state.snapshot
        }
    }

    func submit(
        _ ticket: borrowing Ticket,
        continuation: WaiterTable.Continuation,
        cursor name: CursorName,
        _ change: CursorRequest.Change,
        by deadline: Tick
    ) {
        submit(ticket, continuation) { state, waiter in
            let request = CursorRequest(
                waiter: waiter,
                name: name,
                change: change,
                deadline: deadline
            )
            state.cursors.append(request)
        }
    }

    /// A consumer has come so far. Of each only the last is kept until the driver looks, and only the first wakes it.
    func confirm(_ move: CursorMove) {
        let wakes = state.withLock { state -> Bool in
            if let index = state.confirmed.firstIndex(where: { $0.cursor == move.cursor }) {
                let slot = max(state.confirmed[index].record.slot, move.record.slot)
                state.confirmed[index].record.slot = slot
                return false
            }
            state.confirmed.append(move)
            return state.confirmed.count == 1
        }
        if wakes { parker.unpark() }
    }
}
