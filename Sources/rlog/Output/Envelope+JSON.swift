import PaxosCore
import ReplicatedLog

extension Envelope {
    /// What `rlog frames` and a trace say of a message.
    var fields: [(String, JSON)] {
        let facts = message.facts
        var fields: [(String, JSON)] = [
            ("type", .string(message.kind.text)), ("from", .unsigned(source.rawValue)),
            ("to", .unsigned(destination.rawValue)), ("boot", .unsigned(sender.boot.rawValue)),
            ("ballot", .optional(facts.ballot?.text)), ("slots", .ranges(facts.slots)),
            ("hashes", .array(facts.hashes.map { .string($0.hexadecimal) })),
        ]
        fields += facts.more
        return fields
    }
}

extension MessageKind {
    /// The kind in snake case.
    var text: String {
        "\(self)".reduce(into: "") { text, character in
            text += character.isUppercase ? "_" + character.lowercased() : String(character)
        }
    }
}

extension JSON {
    fileprivate static func ranges(_ ranges: [ClosedRange<Slot>]) -> JSON {
        .array(
            ranges.map {
                .array([.unsigned($0.lowerBound.rawValue), .unsigned($0.upperBound.rawValue)])
            }
        )
    }
}

/// What a message says, as far as it can be compared with others.
private struct MessageFacts {
    var ballot: Ballot?
    var slots: [ClosedRange<Slot>] = []
    /// Of the entries, in slot order.
    var hashes: [Hash64] = []
    var more: [(String, JSON)] = []

    init(_ ballot: Ballot? = nil, _ more: [(String, JSON)] = []) {
        self.ballot = ballot
        self.more = more
    }

    init(_ ballot: Ballot? = nil, _ rows: [AcceptedEntry], _ more: [(String, JSON)]) {
        self.init(ballot, more)
        hashes = rows.map { $0.entry.hash }
        for row in rows {
            if let last = slots.last, last.upperBound.next == row.slot {
                slots[slots.count - 1] = last.lowerBound...row.slot
            } else {
                slots.append(row.slot...row.slot)
            }
        }
    }
}

private func slot(_ name: String, _ slot: Slot) -> (String, JSON) {
    (name, .unsigned(slot.rawValue))
}

extension Message {
    fileprivate var facts: MessageFacts {
        switch self {
        case .statement(let statement): statement.facts
        case .immediate(let immediate): immediate.facts
        }
    }
}

extension Statement {
    fileprivate var facts: MessageFacts {
        switch self {
        case .prepare(let prepare): return MessageFacts(prepare.ballot)
        case .promise(let promise):
            return MessageFacts(
                promise.ballot,
                [
                    slot("committed_slot", promise.committed),
                    slot("trimmed_slot", promise.trimmed), slot("last_slot", promise.last),
                ]
            )
        case .accepted(let accepted):
            var facts = MessageFacts(accepted.ballot)
            facts.slots = [accepted.slots]
            return facts
        }
    }
}

extension Immediate {
    fileprivate var facts: MessageFacts {
        switch self {
        case .hello, .refused, .challenge, .challengeAnswer, .statusRequest, .barrierRequest:
            MessageFacts()
        case .statusReply(let reply):
            MessageFacts(
                reply.leader,
                [
                    ("promised", .string(reply.promised.text)),
                    slot("committed_slot", reply.committed),
                ]
            )
        case .pageRequest(let request):
            MessageFacts(request.ballot, [slot("from_slot", request.from)])
        case .page(let page): MessageFacts(page.ballot, page.rows, [slot("through", page.through)])
        case .accept(let accept): accept.facts
        case .reject(let reject):
            MessageFacts(
                reject.ballot,
                [
                    ("promised", .string(reject.promised.text)),
                    slot("committed_slot", reject.committed),
                    ("reason", .string("\(reject.reason)")),
                ]
            )
        case .commit(let notice):
            MessageFacts(notice.ballot, [slot("committed_slot", notice.committed)])
        case .heartbeat(let beat):
            MessageFacts(
                beat.ballot,
                [("round", .unsigned(beat.round)), slot("committed_slot", beat.committed)]
            )
        case .heartbeatReply(let reply):
            MessageFacts(
                reply.ballot,
                [
                    ("round", .unsigned(reply.round)),
                    ("promised", .string(reply.promised.text)),
                    slot("committed_slot", reply.committed),
                ]
            )
        case .farewell(let farewell): MessageFacts(farewell.ballot)
        case .catchUpRequest(let request): request.facts
        case .catchUp(let answer):
            MessageFacts(nil, answer.rows, [slot("committed_slot", answer.committed)])
        case .forward(let forward):
            MessageFacts(nil, [("token", .string("\(forward.token)"))])
        case .forwardRefused(let refused):
            MessageFacts(nil, [("token", .string("\(refused.token)"))])
        case .barrierReply(let reply): MessageFacts(nil, [slot("slot", reply.slot)])
        case .probe(let probe): MessageFacts(nil, [("id", .unsigned(probe.id))])
        case .probeReply(let reply): MessageFacts(nil, [("id", .unsigned(reply.id))])
        }
    }
}

extension Accept {
    fileprivate var facts: MessageFacts {
        var facts = MessageFacts(ballot, [slot("committed_slot", committed)])
        facts.slots = [run.slots]
        facts.hashes = run.entries.map(\.hash)
        return facts
    }
}

extension CatchUpRequest {
    fileprivate var facts: MessageFacts {
        var facts = MessageFacts()
        facts.slots = [slots]
        return facts
    }
}
