import PaxosCore

/// What a trace says of messages, rows and answers: payloads by their labels.
extension Message {
    var text: String { text(\.text) }
}

extension Entry {
    var text: String {
        switch self {
        case .noop: "noop"
        case .membership: "membership"
        case .void(let token): "void(\(token))"
        case .command(let command):
            (PayloadLabel(command.payload).map { "\($0)" } ?? "\(command.payload.count) bytes")
                + (command.at == .zero ? "" : "@\(command.at)")
        }
    }
}

extension EntryRun {
    var text: String { text(\.text) }
}

extension AcceptedEntry {
    var text: String { text(\.text) }
}

extension Reply.Outcome {
    var text: String {
        switch self {
        case .committed(let first, let count):
            "committed \((first...first.advanced(by: count - 1)).text)"
        case .barrier(let slot): "at \(slot)"
        case .trimmed(let slot, let hold):
            "trimmed \(slot)" + (hold.map { " held by \($0)" } ?? "")
        case .cursor(let slot): "cursor " + (slot.map { "\($0)" } ?? "none")
        case .resolved(let fate): "\(fate)"
        case .leads(let ballot): "leads \(ballot)"
        case .never(let refusal): "never \(refusal.text)"
        case .unknown(let token, let refusal): "unknown \(token) \(refusal.text)"
        }
    }
}

extension Refusal {
    fileprivate var text: String {
        if case .storeFailed = self { "storeFailed" } else { "\(self)" }
    }
}

extension WriteRows {
    var text: String {
        var parts: [String] = []
        if let promised { parts.append("promised=\(promised)") }
        if let lastRound { parts.append("round=\(lastRound)") }
        for accepted in accepted {
            let mark = accepted.isChosen ? "chosen" : "accepted"
            parts.append("\(mark) \(accepted.ballot) \(accepted.run.text)")
        }
        if let committed { parts.append("committed=\(committed)") }
        if let checkpoint { parts.append("checkpoint=\(checkpoint.slot)") }
        if let base { parts.append("base=\(base.slot) ballot=\(base.ballot)") }
        if let trimmed { parts.append("trimmed=\(trimmed)") }
        for cursor in cursors ?? [] { parts.append("cursor \(cursor.name)=\(cursor.slot)") }
        for peer in peers {
            parts.append("peer \(peer.node) boot=\(peer.boot)" + (peer.isMutual ? " mutual" : ""))
        }
        if let rolledBack { parts.append("out: \(rolledBack.cause)") }
        if let prunesBelow { parts.append("forgets boots below \(prunesBelow)") }
        if isFinal { parts.append("final") }
        return parts.isEmpty ? "-" : parts.joined(separator: " ")
    }
}
