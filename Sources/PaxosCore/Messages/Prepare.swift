/// Asks for the promise to take nothing below `ballot`: phase 1 over the whole suffix of the log, one ballot,
/// one promise for every slot (`R11`).
///
/// An acceptor that promises answers `Promise` with its watermarks. Once a quorum has promised, the candidate
/// knows the highest committed slot among them and fetches what each of the quorum accepted above it, in
/// bounded pages (`R13`). A page is served only under a promise that is durable (Lamport, "Paxos Made
/// Simple", section 2.2; van Renesse and Altinbuken, "Paxos Made Moderately Complex", section 3).
///
///     bytes  what
///        16  ballot
package struct Prepare {
    package let ballot: Ballot

    package init(ballot: Ballot) {
        self.ballot = ballot
    }
}

extension Prepare: MessageBody {
    package static let kind = MessageKind.prepare
    package static let lane = Lane.liveness
    package var message: Message { .statement(.prepare(self)) }

    package var byteCount: Int { Width.ballot }

    package func append(to bytes: inout [UInt8]) { bytes.append(ballot: ballot) }

    package init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot() else { return nil }
        self.init(ballot: ballot)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        ballot.isPossible(of: sender, above: seen)
    }

    package func tell(_ facts: inout some MessageFacts) { facts.tell(ballot) }

    package func text(_ name: (Entry) -> String) -> String { "prepare ballot=\(ballot)" }
}
