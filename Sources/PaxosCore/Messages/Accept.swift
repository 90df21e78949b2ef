/// Phase 2: the leader proposes entries for adjoining slots under its ballot, and says what is chosen so far
/// (`R14`, `R18`; Lamport, "Paxos Made Simple", section 2.2).
///
///     bytes  what
///        16  ballot
///         8  committed slot: the commit notice
///      12+…  run of entries, as in Entry+Coding.swift
package struct Accept {
    package let ballot: Ballot
    package let run: EntryRun
    /// The commit notice: every slot up to here is chosen.
    package let committed: Slot

    package init(ballot: Ballot, run: EntryRun, committed: Slot) {
        self.ballot = ballot
        self.run = run
        self.committed = committed
    }
}

extension Accept: MessageBody {
    package static let kind = MessageKind.accept
    package static let lane = Lane.log
    package var message: Message { .immediate(.accept(self)) }

    package var byteCount: Int { Width.ballot + Width.slot + run.byteCount }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(slot: committed)
        run.append(to: &bytes)
    }

    package init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let committed = reader.slot(),
            let run = EntryRun(from: &reader)
        else { return nil }
        self.init(ballot: ballot, run: run, committed: committed)
    }

    /// True if it is this very one, as it was sent to several members: the entries are not compared, but where
    /// they lie.
    func isSame(as other: Accept) -> Bool {
        ballot == other.ballot && committed == other.committed && run.isSame(as: other.run)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        ballot.isPossible(of: sender, above: seen) && run.last.isPossible
            && committed < run.first && run.first > .zero
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell(ballot)
        facts.tell(run)
        facts.tell("committed_slot", committed)
    }

    package func text(_ name: (Entry) -> String) -> String {
        "accept ballot=\(ballot) \(run.text(name)) committed=\(committed)"
    }
}
