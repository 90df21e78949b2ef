/// An acceptor's promise and how far its log reaches (Lamport, "Paxos Made Simple", section 2.2).
///
///     bytes  what
///        16  ballot
///         8  committed slot
///         8  trimmed slot
///         8  highest slot accepted
///         8  who has committed less lacks more than a window (`R85`)
package struct Promise {
    package let ballot: Ballot
    /// Every slot up to here is chosen and stored by the acceptor.
    package let committed: Slot
    /// Every slot up to here was trimmed: it cannot be reported, and is not empty (`R15`).
    package let trimmed: Slot
    /// The highest slot the acceptor has accepted anything in.
    package let last: Slot
    /// Whoever has committed less than this lacks more than a window of what the acceptor has.
    package let recent: Slot

    package init(
        ballot: Ballot,
        committed: Slot,
        trimmed: Slot,
        last: Slot,
        recent: Slot = .zero
    ) {
        self.ballot = ballot
        self.committed = committed
        self.trimmed = trimmed
        self.last = last
        self.recent = recent
    }
}

extension Promise: MessageBody {
    package static let kind = MessageKind.promise
    package static let lane = Lane.liveness
    package var message: Message { .statement(.promise(self)) }

    package var byteCount: Int { Width.ballot + 4 * Width.slot }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(slot: committed)
        bytes.append(slot: trimmed)
        bytes.append(slot: last)
        bytes.append(slot: recent)
    }

    package init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let committed = reader.slot(),
            let trimmed = reader.slot(), let last = reader.slot(), let recent = reader.slot()
        else { return nil }
        self.init(
            ballot: ballot,
            committed: committed,
            trimmed: trimmed,
            last: last,
            recent: recent
        )
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        committed.isPossible && last.isPossible && trimmed <= committed && committed <= last
            && recent <= committed
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell(ballot)
        facts.tell("committed_slot", committed)
        facts.tell("trimmed_slot", trimmed)
        facts.tell("last_slot", last)
    }

    package func text(_ name: (Entry) -> String) -> String {
        "promise ballot=\(ballot) committed=\(committed) last=\(last)"
            + (trimmed > .zero ? " trimmed=\(trimmed)" : "")
    }
}
