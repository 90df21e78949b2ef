/// Asks for the committed rows of these slots.
///
///     bytes  what
///        16  slots, first and last
package struct CatchUpRequest {
    package let slots: ClosedRange<Slot>
}

extension CatchUpRequest: MessageBody {
    package static let kind = MessageKind.catchUpRequest
    package static let lane = Lane.log
    package var message: Message { .immediate(.catchUpRequest(self)) }

    package var byteCount: Int { Width.slots }

    package func append(to bytes: inout [UInt8]) { bytes.append(slots: slots) }

    package init?(from reader: inout ByteReader) {
        guard let slots = reader.slots() else { return nil }
        self.init(slots: slots)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        slots.upperBound.isPossible && slots.lowerBound > .zero
    }

    package func tell(_ facts: inout some MessageFacts) { facts.tell(slots) }

    package func text(_ name: (Entry) -> String) -> String { "catch-up? \(slots.text)" }
}

/// The committed rows from `from` on, one a slot, as far as one page reaches. Each is chosen.
///
///     bytes  what
///         8  first slot
///         8  committed slot of the answering node
///       4+…  rows, as in Entry+Coding.swift
package struct CatchUp {
    package let from: Slot
    package let rows: [AcceptedEntry]
    /// How far the answering node could go on.
    package let committed: Slot

    package init(from: Slot, rows: [AcceptedEntry], committed: Slot) {
        self.from = from
        self.rows = rows
        self.committed = committed
    }
}

extension CatchUp: MessageBody {
    package static let kind = MessageKind.catchUp
    package static let lane = Lane.log
    package var message: Message { .immediate(.catchUp(self)) }

    package var byteCount: Int { 2 * Width.slot + AcceptedEntry.byteCount(of: rows) }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(slot: from)
        bytes.append(slot: committed)
        AcceptedEntry.append(rows, to: &bytes)
    }

    package init?(from reader: inout ByteReader) {
        guard let from = reader.slot(), let committed = reader.slot(),
            let rows = AcceptedEntry.rows(from: &reader)
        else { return nil }
        self.init(from: from, rows: rows, committed: committed)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        committed.isPossible
            && rows.allSatisfy { $0.slot.isPossible && $0.ballot.isInReach(of: seen) }
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell(rows)
        facts.tell("committed_slot", committed)
    }

    package func text(_ name: (Entry) -> String) -> String {
        "catch-up from=\(from) \(AcceptedEntry.text(rows, name)) committed=\(committed)"
    }
}
