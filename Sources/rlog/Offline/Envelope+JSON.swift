import LogCommands
import PaxosCore
import ReplicatedLog

extension Envelope {
    /// What `rlog frames` and a trace say of a message.
    var fields: [(String, JSON)] {
        var facts = ComparedFacts()
        message.tell(&facts)
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
private struct ComparedFacts: MessageFacts {
    var ballot: Ballot?
    var slots: [ClosedRange<Slot>] = []
    /// Of the entries, in slot order.
    var hashes: [Hash64] = []
    var more: [(String, JSON)] = []

    mutating func tell(_ ballot: Ballot) { self.ballot = ballot }

    mutating func tell(_ slots: ClosedRange<Slot>) { self.slots.append(slots) }

    mutating func tell(_ run: EntryRun) {
        slots.append(run.slots)
        hashes += run.entries.map(\.hash)
    }

    mutating func tell(_ rows: [AcceptedEntry]) {
        hashes += rows.map { $0.entry.hash }
        for row in rows {
            if let last = slots.last, last.upperBound.next == row.slot {
                slots[slots.count - 1] = last.lowerBound...row.slot
            } else {
                slots.append(row.slot...row.slot)
            }
        }
    }

    mutating func tell(_ name: String, _ value: UInt64) { more.append((name, .unsigned(value))) }

    mutating func tell(_ name: String, _ value: Ballot) {
        more.append((name, .string(value.text)))
    }

    mutating func tell(_ name: String, _ value: Token) {
        more.append((name, .string("\(value)")))
    }

    mutating func tell(_ name: String, _ value: String) { more.append((name, .string(value))) }
}
