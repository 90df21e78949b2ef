/// An append on its way to the leader. The token, not the connection, says whether it got in.
///
///     bytes  what
///        24  token
///         1  how many nodes have passed it on
///         1  1 for a batch, which may be of one payload too; and 2 if it asks for one slot
///       0/8  that slot
///         4  count of payloads, 1 to 65,536; 1 for a single append
///         …  payloads
///
/// The count is limited beside the bytes at hand as that of a run is (Entry+Coding.swift).
package struct Forward {
    /// How many nodes may pass an append on.
    static var mostHops: UInt8 { 1 }

    package let token: Token
    package let payloads: Payloads
    /// How many nodes have passed it on.
    package let hops: UInt8
    /// The slot in which alone its first payload may stand; 0 for any.
    package let at: Slot
    /// Whatever a message passes asks for its size, so it is counted once.
    package let byteCount: Int

    package init(token: Token, payloads: Payloads, hops: UInt8, at: Slot = .zero) {
        self.token = token
        self.payloads = payloads
        self.hops = hops
        self.at = at
        let head = Width.token + 2 + 4 + (at == .zero ? 0 : Width.slot)
        byteCount = head + Width.payload * payloads.count + payloads.bytes
    }
}

extension Forward: MessageBody {
    package static let kind = MessageKind.forward
    package static let lane = Lane.log
    package var message: Message { .immediate(.forward(self)) }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(token: token)
        bytes.append(hops)
        let condition: UInt8 = at == .zero ? 0 : 2
        switch payloads {
        case .one(let payload):
            bytes.append(condition)
            if at != .zero { bytes.append(slot: at) }
            bytes.append(littleEndian: UInt32(1))
            bytes.append(payload: payload)
        case .batch(let batch):
            bytes.append(condition | 1)
            if at != .zero { bytes.append(slot: at) }
            bytes.append(littleEndian: UInt32(batch.count))
            for payload in batch { bytes.append(payload: payload) }
        }
    }

    package init?(from reader: inout ByteReader) {
        guard let token = reader.token(), let hops = reader.uint8(), let flags = reader.uint8(),
            flags < 4
        else { return nil }
        let isBatch = flags & 1 != 0
        var at = Slot.zero
        if flags & 2 != 0 {
            guard let slot = reader.slot(), slot > .zero else { return nil }
            at = slot
        }
        guard
            let count = reader.count32(ofSize: Width.payload, atMost: EntryRun.maximumEntries),
            isBatch ? count > 0 : count == 1
        else { return nil }
        guard isBatch else {
            guard let payload = reader.payload() else { return nil }
            self.init(token: token, payloads: .one(payload), hops: hops, at: at)
            return
        }
        var batch: [[UInt8]] = []
        batch.reserveCapacity(count)
        for _ in 0..<count {
            guard let payload = reader.payload() else { return nil }
            batch.append(payload)
        }
        self.init(token: token, payloads: .batch(batch), hops: hops, at: at)
    }

    /// Who sends its own names it so, and who passes another's on counts itself; nobody sends an append
    /// back to the node that it came from.
    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        payloads.count > 0 && token.boot > .never && token.sequence > 0 && at.isPossible
            && hops <= Self.mostHops && (hops == 0) == (token.node == sender)
    }

    package func tell(_ facts: inout some MessageFacts) { facts.tell("token", token) }

    package func text(_ name: (Entry) -> String) -> String {
        "forward \(token) hops=\(hops)" + (at == .zero ? "" : " at=\(at)")
    }
}

/// The leader has no room for an append that was forwarded to it, and nobody to lead in its place. It may
/// have been forwarded more than once: whoever waits for it is not told `never`.
///
///     bytes  what
///        24  token
package struct ForwardRefused {
    package let token: Token
}

extension ForwardRefused: MessageBody {
    package static let kind = MessageKind.forwardRefused
    package static let lane = Lane.log
    package var message: Message { .immediate(.forwardRefused(self)) }

    package var byteCount: Int { Width.token }

    package func append(to bytes: inout [UInt8]) { bytes.append(token: token) }

    package init?(from reader: inout ByteReader) {
        guard let token = reader.token() else { return nil }
        self.init(token: token)
    }

    package func tell(_ facts: inout some MessageFacts) { facts.tell("token", token) }

    package func text(_ name: (Entry) -> String) -> String { "no room for \(token)" }
}
