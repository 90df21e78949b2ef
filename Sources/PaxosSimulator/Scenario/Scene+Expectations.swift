import PaxosCore

/// What a scenario shows and what it expects.
extension Scene {
    func show(_ name: String, _ arguments: inout Arguments) throws(CommandError) {
        switch name {
        case "hide", "show":
            let kinds = try arguments.word().split(separator: ",").map { String($0) }
            for kind in kinds { world.trace.hide(kind, name == "hide") }
        case "status":
            for node in try arguments.nodes() {
                world.trace.note(.status, at: world.now, node, 0, 0, status(node))
            }
        default:
            for node in try arguments.nodes() {
                world.trace.note(.log, at: world.now, node, 0, 0, log(node))
            }
        }
    }

    private func status(_ node: SimulatedNode) -> String {
        guard let process = node.process else { return "down" }
        let status = process.core.status
        var parts = ["\(status.role)"]
        if let ballot = status.ballot { parts.append("ballot=\(ballot)") }
        parts.append("promised=\(status.promised) leader=\(status.leader.map { "\($0)" } ?? "-")")
        parts.append("committed=\(status.committed) delivered=\(status.delivered)")
        if status.isFull { parts.append("full") }
        if let found = status.rolledBack { parts.append("out: \(found.cause) by \(found.witness)") }
        if let failure = status.failure { parts.append("failed \(failure.operation)") }
        if let by = status.refusedBy, let reason = status.refusal {
            parts.append("refused by \(by): \(reason)")
        }
        return parts.joined(separator: " ")
    }

    private func log(_ node: SimulatedNode) -> String {
        let disk = node.store.disk
        var rows: [String] = []
        var slot = Slot.zero.next
        while slot <= disk.last {
            if disk.rotten.contains(slot) {
                rows.append("\(slot):rotten")
            } else if let row = disk[slot] {
                rows.append(row.text)
            }
            slot = slot.next
        }
        return "promised=\(disk.promised) committed=\(disk.committed) "
            + (disk.trimmed > .zero ? "trimmed=\(disk.trimmed) " : "")
            + "[\(rows.joined(separator: ", "))]"
    }

    // MARK: - Expectations

    func expect(_ arguments: inout Arguments) throws(CommandError) {
        let subject = try arguments.word()
        let found: String
        switch subject {
        case "leader":
            let leaders = world.nodes.filter { $0.process?.lastRole == .leader }.map(\.label)
            found = leaders.isEmpty ? "none" : leaders.joined(separator: " ")
        case "role":
            let node = try arguments.node()
            found = node.process.map { "\($0.lastRole)" } ?? "down"
        case "chosen":
            found = world.ledger.chosen(try arguments.slot())?.text ?? "nothing"
        case "row":
            let node = try arguments.node()
            found = node.store.disk[try arguments.slot()]?.text ?? "nothing"
        case "promised":
            found = "\(try arguments.node().store.disk.promised)"
        case "committed":
            found = "\(try arguments.process().1.core.status.committed)"
        case "trimmed":
            found = "\(try arguments.node().store.disk.trimmed)"
        case "delivered":
            let events = world.ledger.expected.events
            let position = try arguments.process().1.position
            let labels = events.prefix(position).map { "\($0.label)" }
            found = labels.isEmpty ? "nothing" : labels.joined(separator: " ")
        case "answer":
            let caller = try arguments.word()
            let answers = stage.answers.filter { $0.caller == caller }.map(\.text)
            found = answers.isEmpty ? "none" : answers.joined(separator: ", ")
        case "invented":
            found = "\(try arguments.process().1.core.status.counters.invented)"
        case "refused":
            let status = try arguments.process().1.core.status
            let refusal = status.refusal.map { "\($0)" } ?? "no"
            found = status.rolledBack.map { "\($0.cause)" } ?? refusal
        default:
            throw CommandError("nothing can be expected of \(subject)")
        }
        let expected = arguments.rest.joined(separator: " ")
        arguments = Arguments([], scene: self)
        guard found == expected else {
            throw CommandError("expected \(subject) to be \(expected), found \(found)")
        }
    }
}
