/// What nodes hand back to each other of what they have heard, and what follows for the node that hears it
/// of itself (`R91`): by a claim it finds out that its directory is an old copy, and which of its openings
/// nobody needs any more.
extension Admission {
    /// What the sender has met of this node and hands back; `nil` if it hands back nothing, or what this
    /// directory did not give it.
    func verified(_ envelope: Envelope) -> Claim? {
        guard envelope.heard != .none, let process = envelope.claimed(of: identity.incarnation)
        else { return nil }
        let claim = Claim(process: process, heard: envelope.heard)
        guard rule.checksTags else { return claim }
        return secret.tag(claim, for: envelope.sender.node) == envelope.tag ? claim : nil
    }

    /// What the sender claims to have met of this node, if this directory contradicts it. Only what verifies
    /// counts: nobody is put out by an invention (`R91`).
    ///
    /// Who counts here, or holds what does, is believed for good. Any other may be a copy that has met copies:
    /// its word silences this process alone.
    mutating func judge(_ envelope: Envelope) -> Verdict? {
        guard let claim = verified(envelope) else {
            // What names another process of the node, or a directory it had before, is not for this one.
            let isOfThis = envelope.claimed(of: identity.incarnation).map(lineage.holds) ?? false
            if isOfThis, envelope.tag != 0 || envelope.heard != .none { invented += 1 }
            return nil
        }
        guard rule.latches, let cause = lineage.contradicts(claim, newest: newest) else {
            return nil
        }
        let found = RolledBack(witness: envelope.sender.node, cause: cause)
        return .contradicted(found, forGood: isTrusted(envelope))
    }

    /// What shows the sender of a message that this process succeeds the one it has met.
    func proof(for envelope: Envelope) -> Proof? {
        envelope.claimed(of: identity.incarnation).flatMap(lineage.proof(of:))
    }

    /// What lies below all that the peers hold durably need not be proved to anybody any more. Only what they
    /// hand back says what they hold.
    mutating func confirm(_ envelope: Envelope, at place: Int) {
        guard let process = envelope.claimed(of: identity.incarnation),
            process.boot > peers[place].confirmed, let claim = verified(envelope)
        else { return }
        peers[place].confirmed = claim.process.boot
        let lowest = peers.map(\.confirmed).min() ?? .never
        guard lowest > lineage.floor else { return }
        lineage.prune(below: lowest)
        pruned = lineage.floor
    }

    // MARK: - What leaves

    /// A message of this process, with what it claims to have met of the recipient's node, if that is the
    /// process which the message names.
    func envelope(
        to node: NodeID,
        _ recipient: ProcessID?,
        naming process: ProcessID?,
        _ message: Message
    ) -> Envelope {
        let met = peers.first { $0.node == node }?.claim
        let claim = met?.presence.process == process ? met : nil
        let own = Claim(process: identity.process, heard: newest)
        return Envelope(
            sender: identity,
            destination: node,
            recipient: recipient,
            written: newest,
            stamp: secret.tag(own, for: node),
            claim: (claim?.heard ?? .none, claim?.tag ?? 0),
            message: message
        )
    }
}

extension Envelope {
    var challengeAnswer: ChallengeAnswer? {
        if case .immediate(.challengeAnswer(let answer)) = message { answer } else { nil }
    }

    /// The process of this node that the sender says it has met.
    func claimed(of incarnation: Incarnation) -> ProcessID? {
        let holds: Presence?
        switch message {
        case .immediate(.hello(let hello)): holds = hello.holds
        case .immediate(.refused(let refused)): holds = refused.holds
        default: return recipient
        }
        return holds?.incarnation == incarnation ? holds?.process : nil
    }
}
