/// Says who is there, by the head of the envelope, and whom the sender has met (docs/PROTOCOL.md, Meeting and Succession).
///
/// A peer counts on being held for ever, so only what is durable may be named (`R75`). That is why it may
/// leave at once: it speaks of no write that is still in flight.
///
///     bytes  what
///         2  1 if it asks for an answer | 1 if it holds the recipient's node
///      0/32  whom it holds: incarnation high | low | boot | nonce
///         1  1 if it proves a process
///      0/24  proof: boot | nonce | write number of the next opening
///         …  terms
///
/// Terms are
///
///     founding u64 | era u64 | newest membership's slot u64 | that membership | payload u64 |
///     batch entries u64 | batch bytes u64 | pipeline slots u64 | pipeline bytes u64 | page u64
package struct Hello {
    /// Wants a `Hello` for an answer.
    package let asks: Bool
    /// Who of the recipient's node the sender holds durably; `nil` before they have met.
    package let holds: Presence?
    /// What the sender was made with: compared by whoever hears it, before anything else of it counts
    /// (`R82`).
    package let terms: Terms
    /// That the sender's directory holds the process of it which the recipient has met.
    package let proof: Proof?

    package init(
        asks: Bool,
        holds: Presence?,
        terms: Terms,
        proof: Proof? = nil
    ) {
        self.asks = asks
        self.holds = holds
        self.terms = terms
        self.proof = proof
    }
}

extension Hello: MessageBody {
    package static let kind = MessageKind.hello
    package static let lane = Lane.liveness
    package var message: Message { .immediate(.hello(self)) }

    package var byteCount: Int {
        2 + (holds == nil ? 0 : Width.presence) + 1 + (proof == nil ? 0 : Proof.byteCount)
            + terms.byteCount
    }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(flag: asks)
        bytes.append(flag: holds != nil)
        if let holds { bytes.append(presence: holds) }
        bytes.append(flag: proof != nil)
        proof?.append(to: &bytes)
        terms.append(to: &bytes)
    }

    package init?(from reader: inout ByteReader) {
        guard let asks = reader.flag(), let isHeld = reader.flag() else { return nil }
        let holds = isHeld ? reader.presence() : nil
        guard isHeld == (holds != nil), let isProven = reader.flag() else { return nil }
        let proof = isProven ? Proof(from: &reader) : nil
        guard isProven == (proof != nil), let terms = Terms(from: &reader) else { return nil }
        self.init(asks: asks, holds: holds, terms: terms, proof: proof)
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell("asks", asks ? 1 : 0)
        if let holds { facts.tell("holds_boot", holds.process.boot.rawValue) }
        if let proof { facts.tell("proves_boot", proof.process.boot.rawValue) }
    }

    package func text(_ name: (Entry) -> String) -> String {
        (asks ? "hello asks" : "hello")
            + (holds.map { " holds boot=\($0.process.boot)" } ?? "")
            + (proof.map { " proves boot=\($0.process.boot) next=\($0.next)" } ?? "")
    }
}

extension Proof {
    fileprivate static let byteCount = 24

    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: process.boot.rawValue)
        bytes.append(littleEndian: process.nonce.rawValue)
        bytes.append(littleEndian: next.rawValue)
    }

    fileprivate init?(from reader: inout ByteReader) {
        guard let boot = reader.uint64(), let nonce = reader.uint64(), let next = reader.uint64()
        else { return nil }
        self.init(
            process: ProcessID(boot: Boot(boot), nonce: Nonce(nonce)),
            next: WriteNumber(next)
        )
    }
}

extension Terms {
    fileprivate var byteCount: Int {
        2 * 8 + Width.slot + membership.byteCount + Shape.byteCount
    }

    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: founding)
        bytes.append(littleEndian: era)
        bytes.append(slot: newest)
        membership.append(to: &bytes)
        shape.append(to: &bytes)
    }

    fileprivate init?(from reader: inout ByteReader) {
        guard let founding = reader.uint64(), let era = reader.uint64(),
            let newest = reader.slot(), let membership = Membership(from: &reader),
            let shape = Shape(from: &reader)
        else { return nil }
        self.init(
            founding: founding,
            era: era,
            newest: newest,
            membership: membership,
            shape: shape
        )
    }
}
