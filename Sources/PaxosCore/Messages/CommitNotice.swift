/// Every slot up to `committed` is chosen: sent when no Accept is about to carry it (`R59`).
///
///     bytes  what
///        16  ballot
///         8  committed slot
package struct CommitNotice {
    package let ballot: Ballot
    package let committed: Slot

    package init(ballot: Ballot, committed: Slot) {
        self.ballot = ballot
        self.committed = committed
    }
}

extension CommitNotice: MessageBody {
    package static let kind = MessageKind.commit
    package static let lane = Lane.log
    package var message: Message { .immediate(.commit(self)) }

    package var byteCount: Int { Width.ballot + Width.slot }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(slot: committed)
    }

    package init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let committed = reader.slot() else { return nil }
        self.init(ballot: ballot, committed: committed)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        ballot.isPossible(of: sender, above: seen) && committed.isPossible
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell(ballot)
        facts.tell("committed_slot", committed)
    }

    package func text(_ name: (Entry) -> String) -> String {
        "commit ballot=\(ballot) through=\(committed)"
    }
}
