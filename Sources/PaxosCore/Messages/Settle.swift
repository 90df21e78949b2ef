/// Asks the leader to put a void entry for a token into the log, so that what became of the token is known for ever.
/// Whoever asks sees the answer in its own log, and asks again as long as it does not.
///
///     bytes  what
///        24  token
///         1  how many nodes have passed it on
package struct Settle {
    package let token: Token
    /// How many nodes have passed it on.
    package let hops: UInt8

    package init(token: Token, hops: UInt8) {
        self.token = token
        self.hops = hops
    }
}

extension Settle: MessageBody {
    package static let kind = MessageKind.settle
    package static let lane = Lane.log
    package var message: Message { .immediate(.settle(self)) }

    package var byteCount: Int { Width.token + 1 }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(token: token)
        bytes.append(hops)
    }

    package init?(from reader: inout ByteReader) {
        guard let token = reader.token(), let hops = reader.uint8() else { return nil }
        self.init(token: token, hops: hops)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        token.boot > .never && token.sequence > 0 && hops <= Forward.mostHops
    }

    package func tell(_ facts: inout some MessageFacts) { facts.tell("token", token) }

    package func text(_ name: (Entry) -> String) -> String { "settle \(token) hops=\(hops)" }
}
