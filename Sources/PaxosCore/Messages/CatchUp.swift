/// Asks for the committed rows of these slots, and for so many pages of them to be on their way at once: a link
/// whose way there and back takes longer than a page would else be idle most of the time.
///
///     bytes  what
///        16  slots, first and last
///         1  pages on their way, at least one
///         1  1 if pages asked for before may still come
package struct CatchUpRequest {
    package let slots: ClosedRange<Slot>
    /// As many as there is room for.
    package let pages: Int
    /// The pages before came, as far as the first slot: those behind them may be on their way, and are not to
    /// be sent again. Else whatever was sent is lost.
    package let continues: Bool

    package init(slots: ClosedRange<Slot>, pages: Int = 1, continues: Bool = false) {
        self.slots = slots
        self.pages = pages
        self.continues = continues
    }
}

extension CatchUpRequest: MessageBody {
    package static let kind = MessageKind.catchUpRequest
    package static let lane = Lane.log
    package var message: Message { .immediate(.catchUpRequest(self)) }

    package var byteCount: Int { Width.slots + 2 }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(slots: slots)
        bytes.append(UInt8(pages))
        bytes.append(continues ? 1 : 0)
    }

    package init?(from reader: inout ByteReader) {
        guard let slots = reader.slots(), let pages = reader.uint8(), pages > 0,
            let continues = reader.uint8(), continues <= 1
        else { return nil }
        self.init(slots: slots, pages: Int(pages), continues: continues == 1)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        slots.upperBound.isPossible && slots.lowerBound > .zero
    }

    package func tell(_ facts: inout some MessageFacts) { facts.tell(slots) }

    package func text(_ name: (Entry) -> String) -> String {
        "catch-up\(continues ? " on" : "")? \(slots.text)" + (pages == 1 ? "" : " pages=\(pages)")
    }
}

/// The committed rows from `from` on, one a slot, as far as one page reaches. Each is chosen. Or none, since
/// they are trimmed there: that is said, and is not that there is nothing (`R15`).
///
///     bytes  what
///         8  first slot
///         8  committed slot of the answering node
///         8  trim point, if there are no rows because they were trimmed, else 0
///       4+…  rows, as in Entry+Coding.swift
package struct CatchUp {
    package let from: Slot
    package let rows: [AcceptedEntry]
    /// How far the answering node could go on.
    package let committed: Slot
    /// Every slot up to here is trimmed at the answering node, `from` among them; 0 if it was not for that.
    package let trimmed: Slot
    private let rowBytes: Int

    package init(
        from: Slot,
        rows: [AcceptedEntry],
        committed: Slot,
        trimmed: Slot = .zero
    ) {
        self.from = from
        self.rows = rows
        self.committed = committed
        self.trimmed = trimmed
        rowBytes = AcceptedEntry.byteCount(of: rows)
    }
}

extension CatchUp: MessageBody {
    package static let kind = MessageKind.catchUp
    package static let lane = Lane.log
    package var message: Message { .immediate(.catchUp(self)) }

    package var byteCount: Int { 3 * Width.slot + rowBytes }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(slot: from)
        bytes.append(slot: committed)
        bytes.append(slot: trimmed)
        AcceptedEntry.append(rows, to: &bytes)
    }

    package init?(from reader: inout ByteReader) {
        guard let from = reader.slot(), let committed = reader.slot(),
            let trimmed = reader.slot(), let rows = AcceptedEntry.rows(from: &reader)
        else { return nil }
        self.init(from: from, rows: rows, committed: committed, trimmed: trimmed)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        committed.isPossible && trimmed <= committed && (trimmed == .zero || rows.isEmpty)
            && rows.allSatisfy { $0.slot.isPossible && $0.ballot.isInReach(of: seen) }
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell(rows)
        facts.tell("committed_slot", committed)
    }

    package func text(_ name: (Entry) -> String) -> String {
        "catch-up from=\(from) \(AcceptedEntry.text(rows, name)) committed=\(committed)"
            + (trimmed > .zero ? " trimmed=\(trimmed)" : "")
    }
}
