/// From the committed prefix to subscribers and callers, in slot order.
extension NodeCore {
    mutating func deliver(output: inout Output) {
        guard isOpen else { return }
        while delivery.next == replica.acceptor.windowBase, let entry = replica.takeDeliverable() {
            feed(entry, output: &output)
        }
        readIfBehind(output: &output)
    }

    /// Feeds rows read from the store: at open, those between the checkpoint and the watermark. Each of
    /// them is there, since the watermark is never ahead of the rows; one that is not has rotted away.
    mutating func feed(_ page: RowPage, output: inout Output) {
        let first = delivery.next
        for row in page.rows where row.slot == delivery.next { feed(row.entry, output: &output) }
        if delivery.next == first || delivery.next <= page.through {
            fail(ReadFailure.unreadable(delivery.next), output: &output)
        }
    }

    private mutating func feed(_ entry: Entry, output: inout Output) {
        replica.recentEntries.append(entry, at: delivery.next)
        replica.horizon.pass(delivery.next, bytes: entry.payloadBytes)
        var effective: EffectiveRun?
        let rule = replica.rules.delivery
        delivery.feed(entry) { decision in
            guard rule.delivers(decision.effect) else {
                output.ineffective.append(decision.slot)
                unwrittenIneffective.append(decision.slot)
                return
            }
            output.delivered.append(
                Delivered(slot: decision.slot, payload: decision.command.payload)
            )
            if decision.command.index + 1 == decision.command.count {
                let count = Int(decision.command.count)
                effective = EffectiveRun(
                    token: decision.command.token,
                    first: Slot(rawValue: decision.slot.rawValue - UInt64(count - 1)),
                    count: count
                )
            }
        }
        if let effective { answer(effective, output: &output) }
    }

    private mutating func readIfBehind(output: inout Output) {
        let next = delivery.next
        let through = min(replica.deliverable, replica.acceptor.windowBase.previous)
        guard replay == nil, next <= through else { return }
        let id = replica.makeReadID()
        replay = id
        output.reads.append(
            ReadRequest(id: id, slots: next...through, maxBytes: limits.pageBytes)
        )
    }
}
