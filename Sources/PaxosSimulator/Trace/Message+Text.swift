import PaxosCore

/// What a trace says of messages and rows.
extension Message {
    /// What tells a message from others of its kind, for the digest.
    struct Facts {
        let code: UInt64
        var ballot = Ballot.zero
        var first: UInt64 = 0
        var last: UInt64 = 0
    }

    var facts: Facts {
        switch self {
        case .statement(let statement): statement.facts
        case .immediate(let immediate): immediate.facts
        }
    }

    var text: String {
        switch self {
        case .statement(let statement): statement.text
        case .immediate(let immediate): immediate.text
        }
    }
}

extension Statement {
    fileprivate var facts: Message.Facts {
        switch self {
        case .prepare(let prepare): Message.Facts(code: 1, ballot: prepare.ballot)
        case .promise(let promise):
            Message.Facts(
                code: 2,
                ballot: promise.ballot,
                first: promise.committed.rawValue,
                last: promise.last.rawValue
            )
        case .accepted(let accepted):
            Message.Facts(code: 3, ballot: accepted.ballot, slots: accepted.slots)
        }
    }

    fileprivate var text: String {
        switch self {
        case .prepare(let prepare): "prepare ballot=\(prepare.ballot)"
        case .promise(let promise):
            "promise ballot=\(promise.ballot) committed=\(promise.committed) last=\(promise.last)"
        case .accepted(let accepted):
            "accepted ballot=\(accepted.ballot) slots=\(accepted.slots.text)"
        }
    }
}

extension Immediate {
    fileprivate var facts: Message.Facts {
        switch self {
        case .hello(let hello):
            Message.Facts(
                code: 4,
                first: hello.asks ? 1 : 0,
                last: hello.holds?.process.boot.rawValue ?? 0
            )
        case .refused: Message.Facts(code: 5)
        case .challenge(let challenge): Message.Facts(code: 21, first: challenge.id)
        case .challengeAnswer(let answer): Message.Facts(code: 22, first: answer.id)
        case .statusRequest(let request): Message.Facts(code: 6, first: request.id)
        case .statusReply(let reply):
            Message.Facts(code: 7, ballot: reply.leader ?? .zero, first: reply.id)
        case .pageRequest(let request):
            Message.Facts(code: 8, ballot: request.ballot, first: request.from.rawValue)
        case .page(let page):
            Message.Facts(
                code: 9,
                ballot: page.ballot,
                first: page.from.rawValue,
                last: UInt64(page.rows.count)
            )
        case .accept(let accept):
            Message.Facts(code: 10, ballot: accept.ballot, slots: accept.run.slots)
        case .reject(let reject):
            Message.Facts(code: 11, ballot: reject.ballot, first: reject.promised.round)
        case .commit(let notice):
            Message.Facts(code: 12, ballot: notice.ballot, first: notice.committed.rawValue)
        case .heartbeat(let beat):
            Message.Facts(
                code: 13,
                ballot: beat.ballot,
                first: beat.round,
                last: beat.committed.rawValue
            )
        case .heartbeatReply(let reply):
            Message.Facts(
                code: 14,
                ballot: reply.ballot,
                first: reply.round,
                last: reply.promised.round
            )
        case .farewell(let farewell): Message.Facts(code: 20, ballot: farewell.ballot)
        case .catchUpRequest(let request):
            Message.Facts(code: 15, ballot: .zero, slots: request.slots)
        case .catchUp(let answer):
            Message.Facts(
                code: 16,
                first: answer.from.rawValue,
                last: UInt64(answer.rows.count)
            )
        case .forward(let forward):
            Message.Facts(
                code: 17,
                first: forward.token.node.rawValue,
                last: forward.token.sequence
            )
        case .barrierRequest(let request): Message.Facts(code: 18, first: request.id)
        case .forwardRefused(let refused):
            Message.Facts(
                code: 23,
                first: refused.token.node.rawValue,
                last: refused.token.sequence
            )
        case .barrierReply(let reply):
            Message.Facts(code: 19, first: reply.id, last: reply.slot.rawValue)
        case .probe(let probe): Message.Facts(code: 21, first: probe.id)
        case .probeReply(let reply): Message.Facts(code: 22, first: reply.id)
        }
    }

    fileprivate var text: String {
        switch self {
        case .hello(let hello):
            (hello.asks ? "hello asks" : "hello")
                + (hello.holds.map { " holds boot=\($0.process.boot)" } ?? "")
                + (hello.proof.map { " proves boot=\($0.process.boot) next=\($0.next)" } ?? "")
        case .refused(let refused): "refused \(refused.reason)"
        case .challenge: "challenge"
        case .challengeAnswer: "lives"
        case .statusRequest: "status?"
        case .statusReply(let reply):
            "status leader=\(reply.leader.map { "\($0)" } ?? "-") "
                + "promised=\(reply.promised) committed=\(reply.committed)"
                + (reply.recent > .zero ? " recent=\(reply.recent)" : "")
                + (reply.isFull ? " full" : "")
        case .pageRequest(let request): "page? ballot=\(request.ballot) from=\(request.from)"
        case .page(let page):
            "page ballot=\(page.ballot) \(page.from)...\(page.through) ["
                + page.rows.map(\.text).joined(separator: " ") + "]"
        case .accept(let accept):
            "accept ballot=\(accept.ballot) \(accept.run.text) committed=\(accept.committed)"
        case .reject(let reject):
            "reject ballot=\(reject.ballot) promised=\(reject.promised) "
                + "committed=\(reject.committed) \(reject.reason)"
        case .commit(let notice): "commit ballot=\(notice.ballot) through=\(notice.committed)"
        case .heartbeat(let beat):
            "heartbeat ballot=\(beat.ballot) round=\(beat.round) committed=\(beat.committed)"
                + (beat.isFull ? " full" : "")
        case .heartbeatReply(let reply):
            "heard ballot=\(reply.ballot) round=\(reply.round) promised=\(reply.promised) "
                + "committed=\(reply.committed)"
        case .farewell(let farewell):
            "farewell ballot=\(farewell.ballot)"
                + (farewell.successor.map { " next=\($0)" } ?? "")
        case .catchUpRequest(let request): "catch-up? \(request.slots.text)"
        case .catchUp(let answer):
            "catch-up from=\(answer.from) [" + answer.rows.map(\.text).joined(separator: " ")
                + "] committed=\(answer.committed)"
        case .forward(let forward): "forward \(forward.token) hops=\(forward.hops)"
        case .forwardRefused(let refused): "no room for \(refused.token)"
        case .barrierRequest: "barrier?"
        case .probe(let probe): "probe \(probe.subject.text)"
        case .probeReply(let reply): "probe-reply \(reply.subject.text)"
        case .barrierReply(let reply): "barrier at=\(reply.slot)"
        }
    }
}

extension Message.Facts {
    fileprivate init(code: UInt64, ballot: Ballot, slots: ClosedRange<Slot>) {
        self.init(
            code: code,
            ballot: ballot,
            first: slots.lowerBound.rawValue,
            last: slots.upperBound.rawValue
        )
    }
}

extension ClosedRange<Slot> {
    var text: String {
        lowerBound == upperBound ? "\(lowerBound)" : "\(lowerBound)...\(upperBound)"
    }
}

extension Entry {
    var text: String {
        switch self {
        case .noop: "noop"
        case .membership: "membership"
        case .void(let token): "void(\(token))"
        case .command(let command):
            PayloadLabel(command.payload).map { "\($0)" } ?? "\(command.payload.count) bytes"
        }
    }
}

extension Probe.Subject {
    fileprivate var text: String {
        switch self {
        case .answers: "answers"
        case .accepts(let ballot, let slots): "accepts ballot=\(ballot) slots=\(slots.text)"
        case .forwards(let first, let count): "forwards from=\(first) count=\(count)"
        }
    }
}

extension ProbeReply.Subject {
    fileprivate var text: String {
        switch self {
        case .answers: "answers"
        case .accepts(let ballot, let missing):
            "accepts ballot=\(ballot) missing=\(missing?.text ?? "none")"
        case .forwards(let missing): "forwards missing=\(missing)"
        }
    }
}

extension EntryRun {
    var text: String { "\(slots.text) [\(entries.map(\.text).joined(separator: " "))]" }
}

extension AcceptedEntry {
    var text: String { "\(slot):\(ballot)\(isChosen ? "!" : "") \(entry.text)" }
}

extension Reply.Outcome {
    var text: String {
        switch self {
        case .committed(let first, let count):
            "committed \((first...first.advanced(by: count - 1)).text)"
        case .barrier(let slot): "at \(slot)"
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
        for peer in peers {
            parts.append("peer \(peer.node) boot=\(peer.boot)" + (peer.isMutual ? " mutual" : ""))
        }
        if isFinal { parts.append("final") }
        return parts.isEmpty ? "-" : parts.joined(separator: " ")
    }
}
