/// From the wire to the replica: who speaks is checked first, then whether what it says is possible.
extension NodeCore {
    mutating func receive(_ envelope: Envelope, output: inout Output) {
        guard takesPart else { return }
        let sender = envelope.sender.node
        answerChallenge(in: envelope, output: &output)
        switch admission.admit(envelope, at: now, output: &output) {
        case .foreign:
            counters.foreign += 1
        case .contradicted(let found, let forGood):
            fall(found, forGood: forGood, output: &output)
        case .disagrees:
            counters.disagreeing += 1
            // So that the sender compares as well: it learns from this node's own terms what differs.
            if envelope.hello?.asks == true { sayHello(to: sender, output: &output) }
        case .unheard:
            if !meet(envelope, output: &output), admission.mayAsk(sender, at: now) {
                sayHello(to: sender, asks: true, output: &output)
            }
        case .newcomer(let isProven):
            if !isProven, admission.mayAsk(sender, at: now) {
                sayHello(to: sender, asks: true, answering: envelope, output: &output)
            } else if envelope.hello?.asks == true {
                sayHello(to: sender, answering: envelope, output: &output)
            }
        case .refused(let reason):
            refuse(envelope, reason, output: &output)
        case .misaddressed:
            // Whoever asks an earlier process whether it lives learns by the silence that it does not.
            if case .immediate(.challenge) = envelope.message {} else { counters.foreign += 1 }
            // Nothing else might ever tell it: followers have nothing to say to each other.
            if admission.mayAsk(sender, at: now) {
                sayHello(to: sender, answering: envelope, output: &output)
            }
        case .held:
            _ = meet(envelope, output: &output)
        case .admitted:
            guard envelope.message.isPossible(from: sender, above: replica.highestSeen) else {
                counters.impossible += 1
                return
            }
            handle(envelope, output: &output)
        }
    }

    private mutating func refuse(
        _ envelope: Envelope,
        _ reason: Refused.Reason,
        output: inout Output
    ) {
        counters.refused += 1
        refusedPeer = (envelope.sender.node, reason, now)
        // A refusal is never answered: two nodes would go on for ever.
        if case .immediate(.refused) = envelope.message { return }
        let sender = envelope.sender
        let holds = reason == .otherIncarnation ? nil : admission.holds(sender.node)
        // To the very process that spoke: the one it was copied from may be fine.
        output.messages.append(
            admission.envelope(
                to: sender.node,
                sender.process,
                naming: holds?.process,
                .immediate(.refused(Refused(reason: reason, holds: holds)))
            )
        )
    }

    /// Of what a peer says before it is admitted, only who it is counts, and that the peer refuses this
    /// node. False if it was nothing of that.
    private mutating func meet(_ envelope: Envelope, output: inout Output) -> Bool {
        switch envelope.message {
        case .immediate(.hello(let hello)):
            admission.meet(envelope, hello, output: &output)
            // Who still holds an earlier process of this node may have asked in vain.
            let isBehind = admission.proof(for: envelope) != nil
            if hello.asks || (isBehind && admission.mayAsk(envelope.sender.node, at: now)) {
                sayHello(to: envelope.sender.node, answering: envelope, output: &output)
            }
        case .immediate(.refused(let refused)):
            noteRefusal(by: envelope.sender.node, refused.reason)
        case .immediate(.challenge), .immediate(.challengeAnswer):
            break
        default:
            return false
        }
        return true
    }

    /// Whoever of the members asks: one that has just been opened may not count here yet, and decides by the
    /// answer who counts there. Only to this very process a challenge means anything.
    private func answerChallenge(in envelope: Envelope, output: inout Output) {
        let sender = envelope.sender
        guard case .immediate(.challenge(let challenge)) = envelope.message,
            sender.cluster == admission.identity.cluster, envelope.destination == node,
            envelope.recipient == admission.identity.process,
            admission.peerNodes.contains(sender.node)
        else { return }
        output.messages.append(
            admission.envelope(
                to: sender.node,
                sender.process,
                naming: sender.process,
                .immediate(.challengeAnswer(ChallengeAnswer(id: challenge.id)))
            )
        )
    }

    private mutating func handle(_ envelope: Envelope, output: inout Output) {
        let sender = envelope.sender.node
        // Whoever says anything but who it is to this very process counts it: it refuses no longer.
        if !envelope.message.isOfMeeting { forgetRefusal(by: sender) }
        replica.notePassing(envelope)
        switch envelope.message {
        case .statement(let statement):
            replica.receive(statement, from: sender, output: &output)
        case .immediate(.hello), .immediate(.refused), .immediate(.challenge),
            .immediate(.challengeAnswer):
            if let hello = envelope.hello, hello.holds == admission.identity.presence {
                forgetRefusal(by: sender)
            }
            _ = meet(envelope, output: &output)
        case .immediate(.forward(let forward)):
            receive(forward, from: sender, output: &output)
        case .immediate(.forwardRefused(let refused)):
            receive(refused, from: sender, output: &output)
        case .immediate(.barrierRequest(let request)):
            barriers.receive(request, from: sender)
        case .immediate(.barrierReply(let reply)):
            replica.noteAnswer(from: sender)
            barriers.receive(reply, output: &output)
        case .immediate(.probe(let probe)):
            receive(probe, from: sender, output: &output)
        case .immediate(.probeReply(let reply)):
            receive(reply, from: sender, output: &output)
        case .immediate(let message):
            replica.receive(message, from: sender, output: &output)
        }
        if let found = replica.contradiction.take() {
            counters.contradicted += 1
            // Not for good: nothing tells which of the two directories is the wrong one.
            fall(
                RolledBack(witness: found.witness, cause: .otherEntry),
                forGood: false,
                output: &output
            )
            return
        }
        if replica.foundImpossible {
            counters.impossible += 1
            replica.foundImpossible = false
        }
        counters.unbacked += replica.unbackedClaims
        replica.unbackedClaims = 0
    }

    /// Says to every member that this process is here now, and again once it holds them all; asks the
    /// founding members that it waits for, a few times a second, and the silent ones what they have heard.
    mutating func greet(output: inout Output) {
        guard takesPart else { return }
        for node in admission.advance(at: now, output: &output) {
            counters.refused += 1
            refusedPeer = (node, .twin, now)
        }
        for node in admission.takeQuiet(at: now) {
            sayHello(to: node, asks: true, output: &output)
        }
        guard !hasGreeted || (!admission.isEstablished && now >= nextGreeting) else { return }
        nextGreeting = now.advanced(by: limits.heartbeatTicks)
        let nodes = hasGreeted ? admission.sought : admission.peerNodes
        hasGreeted = true
        for node in nodes { sayHello(to: node, asks: true, output: &output) }
    }

    /// - Parameter envelope: What named a process of this node that the receiver has met: this one proves that it
    ///   succeeds it.
    func sayHello(
        to node: NodeID,
        asks: Bool = false,
        answering envelope: Envelope? = nil,
        output: inout Output
    ) {
        let hello = Hello(
            asks: asks,
            holds: admission.holds(node),
            terms: admission.terms,
            proof: envelope.flatMap(admission.proof(for:))
        )
        output.send(.hello(hello), to: node)
    }

    var allCounters: MessageCounters {
        var all = counters
        all.invented = admission.invented
        return all
    }
}

/// What was not acted upon, by cause.
package struct MessageCounters: Hashable, Sendable {
    /// Another cluster's, another node's or no member's.
    package var foreign = 0
    /// Of a member whose directory or process does not count.
    package var refused = 0
    /// No correct node can have sent it.
    package var impossible = 0
    /// Of a process that was made with other terms (`R82`).
    package var disagreeing = 0
    /// A member said that slots are committed and, asked for them, had nothing.
    package var unbacked = 0
    /// Appends passed on for a process that this node has not met.
    package var unvouched = 0
    /// Claims to have met this node that this directory did not give to who made them: dropped (`R91`).
    package var invented = 0

    /// Another entry in a slot that is committed here: the process stops.
    package var contradicted = 0

    package var total: UInt64 {
        UInt64(
            foreign + refused + impossible + disagreeing + unbacked + unvouched + invented
                + contradicted
        )
    }
}

extension Message {
    /// Between members as nodes, whatever process they are.
    fileprivate var isOfMeeting: Bool {
        switch self {
        case .immediate(.hello), .immediate(.refused): true
        default: false
        }
    }
}
