/// Asks for what the acceptor has accepted from a slot on.
///
///     bytes  what
///        16  ballot
///         8  first slot
package struct PageRequest {
    package let ballot: Ballot
    package let from: Slot

    package init(ballot: Ballot, from: Slot) {
        self.ballot = ballot
        self.from = from
    }
}

extension PageRequest: MessageBody {
    package static let kind = MessageKind.pageRequest
    package static let lane = Lane.log
    package var message: Message { .immediate(.pageRequest(self)) }

    package var byteCount: Int { Width.ballot + Width.slot }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(slot: from)
    }

    package init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let from = reader.slot() else { return nil }
        self.init(ballot: ballot, from: from)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool { from.isPossible }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell(ballot)
        facts.tell("from_slot", from)
    }

    package func text(_ name: (Entry) -> String) -> String {
        "page? ballot=\(ballot) from=\(from)"
    }
}

/// Every row the acceptor has in `from ... through`; the next page begins after `through` (`R13`).
///
///     bytes  what
///        16  ballot
///         8  first slot asked for
///         8  last slot reported on
///       4+…  rows, as in Entry+Coding.swift
package struct PromisePage {
    package let ballot: Ballot
    package let from: Slot
    package let through: Slot
    package let rows: [AcceptedEntry]
    private let rowBytes: Int

    package init(ballot: Ballot, from: Slot, through: Slot, rows: [AcceptedEntry]) {
        self.ballot = ballot
        self.from = from
        self.through = through
        self.rows = rows
        rowBytes = AcceptedEntry.byteCount(of: rows)
    }
}

extension PromisePage: MessageBody {
    package static let kind = MessageKind.page
    package static let lane = Lane.log
    package var message: Message { .immediate(.page(self)) }

    package var byteCount: Int { Width.ballot + 2 * Width.slot + rowBytes }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(slot: from)
        bytes.append(slot: through)
        AcceptedEntry.append(rows, to: &bytes)
    }

    package init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let from = reader.slot(), let through = reader.slot(),
            let rows = AcceptedEntry.rows(from: &reader)
        else { return nil }
        self.init(ballot: ballot, from: from, through: through, rows: rows)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        through.isPossible && rows.allSatisfy { from <= $0.slot && $0.slot <= through }
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell(ballot)
        facts.tell(rows)
        facts.tell("through", through)
    }

    package func text(_ name: (Entry) -> String) -> String {
        "page ballot=\(ballot) \(from)...\(through) \(AcceptedEntry.text(rows, name))"
    }
}
