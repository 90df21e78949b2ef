/// Asks a process of a member whether it lives: the one that counts, and each that wants to succeed it (`R81`).
///
///     bytes  what
///         8  id
package struct Challenge {
    /// Nobody can guess it, so only a process that was reached can answer.
    package let id: UInt64
}

extension Challenge: MessageBody {
    package static let kind = MessageKind.challenge
    package static let lane = Lane.liveness
    package var message: Message { .immediate(.challenge(self)) }

    package var byteCount: Int { 8 }

    package func append(to bytes: inout [UInt8]) { bytes.append(littleEndian: id) }

    package init?(from reader: inout ByteReader) {
        guard let id = reader.uint64() else { return nil }
        self.init(id: id)
    }

    package func tell(_ facts: inout some MessageFacts) { facts.tell("id", id) }

    package func text(_ name: (Entry) -> String) -> String { "challenge" }
}

/// The process that was asked lives.
///
///     bytes  what
///         8  id of the challenge
package struct ChallengeAnswer {
    package let id: UInt64
}

extension ChallengeAnswer: MessageBody {
    package static let kind = MessageKind.challengeAnswer
    package static let lane = Lane.liveness
    package var message: Message { .immediate(.challengeAnswer(self)) }

    package var byteCount: Int { 8 }

    package func append(to bytes: inout [UInt8]) { bytes.append(littleEndian: id) }

    package init?(from reader: inout ByteReader) {
        guard let id = reader.uint64() else { return nil }
        self.init(id: id)
    }

    package func tell(_ facts: inout some MessageFacts) { facts.tell("id", id) }

    package func text(_ name: (Entry) -> String) -> String { "lives" }
}
