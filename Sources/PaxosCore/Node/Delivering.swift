/// From the committed prefix to subscribers, in slot order: from memory, and what is not there
/// any more, or was committed before the opening, from the store.
struct Delivering: Sendable {
    private var delivery: Delivery
    /// Found without effect since the last write; they go with the next one.
    private var unwritten: [Slot] = []
    /// The read that brings the next entries, if they are not in memory.
    private var replay: ReadID?
    private var isInterrupted = false

    init(resuming checkpoint: Checkpoint) {
        delivery = Delivery(resuming: checkpoint)
    }

    /// Every slot up to here is delivered.
    var delivered: Slot { delivery.delivered }

    /// The state up to `delivered`.
    var state: LogState { delivery.state }

    /// The state that a checkpoint holds.
    var checkpoint: Checkpoint { delivery.checkpoint }

    /// Every slot up to here was fed: delivered, or of a batch whose end is still to come.
    var fed: Slot { delivery.next.previous }

    /// True if this node waits for that read.
    func awaits(_ read: ReadID) -> Bool { read == replay }

    /// Delivers what is committed and in memory, and asks for what is committed and not.
    mutating func advance(_ replica: inout Replica, output: inout Output) {
        while delivery.next == replica.acceptor.windowBase, let entry = replica.takeDeliverable() {
            feed(entry, &replica, output: &output)
        }
        guard !isInterrupted else { return }
        let next = delivery.next
        let through = min(replica.deliverable, replica.acceptor.windowBase.previous)
        guard replay == nil, next <= through else { return }
        let id = replica.makeReadID()
        replay = id
        output.reads.append(
            ReadRequest(id: id, slots: next...through, maxBytes: replica.limits.pageBytes)
        )
    }

    /// Takes in rows read from the store: at open, those between the checkpoint and the watermark. Each of
    /// them is there, since the watermark is never ahead of the rows; one that is not has rotted away.
    ///
    /// - Throws: What ends the node, with what was delivered before in `output`.
    mutating func receive(
        _ result: Result<RowPage, ReadFailure>,
        _ replica: inout Replica,
        output: inout Output
    ) throws(ReadFailure) {
        // After a failure it is not asked again: the node ends, or its reader has.
        let page = try result.get()
        replay = nil
        let first = delivery.next
        for row in page.rows where row.slot == delivery.next {
            feed(row.entry, &replica, output: &output)
        }
        if delivery.next == first || delivery.next <= page.through {
            throw .unreadable(delivery.next)
        }
    }

    /// Nothing is delivered any more before `goOn`: a base is on its way to the disk that stands for what is next.
    mutating func interrupt() {
        replay = nil
        isInterrupted = true
    }

    /// Goes on behind a base.
    mutating func goOn(behind base: Base) {
        delivery = Delivery(resuming: base.checkpoint)
        replay = nil
        isInterrupted = false
    }

    /// Adds to a write which slots were found without effect since the last one.
    mutating func addIneffective(to rows: inout WriteRows) {
        swap(&rows.ineffective, &unwritten)
    }

    private mutating func feed(
        _ entry: Entry,
        _ replica: inout Replica,
        output: inout Output
    ) {
        let slot = delivery.next
        replica.horizon.pass(slot, bytes: entry.payloadBytes)
        let rule = replica.rules.delivery
        delivery.feed(entry) { decision in
            guard rule.delivers(decision.effect) else {
                output.ineffective.append(decision.slot)
                unwritten.append(decision.slot)
                return
            }
            output.delivered.append(Delivered(slot: decision.slot, command: decision.command))
            if decision.command.index + 1 == decision.command.count {
                let count = Int(decision.command.count)
                output.effective.append(
                    EffectiveRun(
                        token: decision.command.token,
                        first: Slot(rawValue: decision.slot.rawValue - UInt64(count - 1)),
                        count: count
                    )
                )
            }
        }
        if case .void(let token) = entry, state.fate(of: token) == .never {
            output.voided.append(token)
        }
        replica.pass(PrefixMark(slot: slot, digest: delivery.fed))
    }
}
