import PaxosCore

/// What a node says must be true of its disk at the moment it leaves (`R1`, `R19`, `R28`).
extension World {
    func check(
        _ envelope: Envelope,
        of node: SimulatedNode,
        _ process: SimulatedProcess
    ) throws(Violation) {
        try demand(
            envelope.sender == process.identity && envelope.destination != node.id
                && membership.contains(envelope.destination),
            .identity,
            "\(node.id) speaks as \(envelope.sender) to \(envelope.destination)"
        )
        switch envelope.message {
        case .statement(let statement):
            try check(statement, of: node, process)
        case .immediate(.accept(let accept)):
            guard node.store.ledger != nil else { return }
            try ledger.use(accept.ballot, by: process.identity)
            try ledger.propose(accept)
            try check(notice: accept.committed, of: node)
        case .immediate(.commit(let notice)):
            try check(notice: notice.committed, of: node)
        case .immediate(.heartbeat(let beat)):
            try check(notice: beat.committed, of: node)
        case .immediate(.page(let page)):
            try demand(
                page.from > process.foundTrimmed,
                .trimming,
                "\(node.id) serves a page of slots that it has trimmed (R15)"
            )
            try check(page, of: node)
        case .immediate(.catchUp(let answer)):
            try demand(
                answer.from > process.foundTrimmed || answer.trimmed >= answer.from,
                .trimming,
                "\(node.id) has trimmed slot \(answer.from), and answers as if nothing were there (R15)"
            )
            try check(answer, of: node)
        default:
            return
        }
    }

    private func check(
        _ statement: Statement,
        of node: SimulatedNode,
        _ process: SimulatedProcess
    ) throws(Violation) {
        let disk = node.store.disk
        switch statement {
        case .prepare(let prepare):
            if node.store.ledger != nil {
                try ledger.use(prepare.ballot, by: process.identity)
            }
            try demand(
                disk.lastRound >= prepare.ballot.round,
                .testimony,
                "\(node.id) prepares \(prepare.ballot), its disk holds round \(disk.lastRound)"
            )
        case .promise(let promise):
            try demand(
                disk.promised >= promise.ballot,
                .testimony,
                "\(node.id) promises \(promise.ballot), its disk holds \(disk.promised)"
            )
            try check(notice: promise.committed, of: node)
            try demand(
                promise.trimmed >= process.foundTrimmed,
                .trimming,
                "\(node.id) promises as if it had trimmed through \(promise.trimmed); it began with "
                    + "\(process.foundTrimmed) (R15)"
            )
        case .accepted(let accepted):
            try demand(
                disk.promised >= accepted.ballot,
                .testimony,
                "\(node.id) accepts under \(accepted.ballot), its disk promises \(disk.promised)"
            )
            var slot = accepted.slots.lowerBound
            while slot <= accepted.slots.upperBound {
                let row = disk[slot]
                try demand(
                    // A base may stand for what was accepted in the transaction before.
                    row.map { $0.ballot >= accepted.ballot || $0.isChosen }
                        ?? (slot <= disk.trimmed),
                    .testimony,
                    "\(node.id) has accepted slot \(slot) under \(accepted.ballot), its disk holds "
                        + (row?.text ?? "nothing")
                )
                slot = slot.next
            }
        }
    }

    private func check(notice slot: Slot, of node: SimulatedNode) throws(Violation) {
        try ledger.check(committed: slot, by: node.id)
    }

    /// A page leaves out nothing that the acceptor had accepted before its promise (`R13`, `R35`). What it
    /// has accepted under the page's own ballot since then may stand in its place: only a leader past
    /// phase 1 sent that. So may what is chosen.
    private func check(_ page: PromisePage, of node: SimulatedNode) throws(Violation) {
        let disk = node.store.disk
        try demand(
            disk.promised >= page.ballot,
            .testimony,
            "\(node.id) serves a page under \(page.ballot), its disk holds \(disk.promised)"
        )
        var rows = page.rows[...]
        var slot = page.from
        while slot <= min(page.through, disk.last) {
            let shown = rows.first?.slot == slot ? rows.popFirst() : nil
            if let row = disk[slot], !row.isChosen, row.ballot < page.ballot {
                let isShown = shown?.ballot == row.ballot && shown?.entry == row.entry
                try demand(
                    isShown || shown?.ballot == page.ballot || shown?.isChosen == true,
                    .testimony,
                    "\(node.id) serves a page without \(row.text)"
                )
            }
            slot = slot.next
        }
    }

    /// Whatever is handed on as chosen is chosen.
    private func check(_ answer: CatchUp, of node: SimulatedNode) throws(Violation) {
        try check(notice: answer.committed, of: node)
        for row in answer.rows {
            try demand(
                ledger.chosen(row.slot) == row.entry,
                .commit,
                "\(node.id) hands on \(row.text) as chosen; chosen is "
                    + (ledger.chosen(row.slot)?.text ?? "nothing")
            )
        }
    }
}
