/// An append on its way to the leader. The token, not the connection, says whether it got in.
///
///     bytes  what
///        24  token
///         1  how many nodes have passed it on
///         1  0 a single append, 1 a batch, which may be of one payload too
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
    /// Whatever a message passes asks for its size, so it is counted once.
    package let byteCount: Int

    package init(token: Token, payloads: Payloads, hops: UInt8) {
        self.token = token
        self.payloads = payloads
        self.hops = hops
        let head = Width.token + 2 + 4
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
        switch payloads {
        case .one(let payload):
            bytes.append(flag: false)
            bytes.append(littleEndian: UInt32(1))
            bytes.append(payload: payload)
        case .batch(let batch):
            bytes.append(flag: true)
            bytes.append(littleEndian: UInt32(batch.count))
            for payload in batch { bytes.append(payload: payload) }
        }
    }

    package init?(from reader: inout ByteReader) {
        guard let token = reader.token(), let hops = reader.uint8(), let isBatch = reader.flag(),
            let count = reader.count32(ofSize: Width.payload, atMost: EntryRun.maximumEntries),
            isBatch ? count > 0 : count == 1
        else { return nil }
        guard isBatch else {
            guard let payload = reader.payload() else { return nil }
            self.init(token: token, payloads: .one(payload), hops: hops)
            return
        }
        var batch: [[UInt8]] = []
        batch.reserveCapacity(count)
        for _ in 0..<count {
            guard let payload = reader.payload() else { return nil }
            batch.append(payload)
        }
        self.init(token: token, payloads: .batch(batch), hops: hops)
    }

    /// Who sends its own names it so, and who passes another's on counts itself; nobody sends an append
    /// back to the node that it came from.
    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        payloads.count > 0 && token.boot > .never && token.sequence > 0
            && hops <= Self.mostHops && (hops == 0) == (token.node == sender)
    }

    package func tell(_ facts: inout some MessageFacts) { facts.tell("token", token) }

    package func text(_ name: (Entry) -> String) -> String { "forward \(token) hops=\(hops)" }
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
