/// From the wire to the replica: who speaks is checked first, then whether what it says is possible.
extension NodeCore {
    mutating func receive(_ envelope: Envelope, output: inout Output) {
        guard takesPart else { return }
        let sender = envelope.sender.node
        switch admission.admit(envelope, at: now, output: &output) {
        case .foreign:
            counters.foreign += 1
        case .refused(let reason):
            counters.refused += 1
            refusedPeer = (sender, reason, now)
            // A refusal is never answered: two nodes would go on for ever.
            if case .immediate(.refused) = envelope.message { return }
            // To the very process that spoke: the one it was copied from may be fine.
            output.messages.append(
                Envelope(
                    sender: admission.identity,
                    destination: sender,
                    recipient: envelope.sender.process,
                    message: .immediate(.refused(Refused(reason: reason)))
                )
            )
        case .disagrees:
            counters.disagreeing += 1
            // So that the sender compares as well: it learns from this node's own terms what differs.
            if envelope.hello?.asks == true {
                sayHello(to: sender, asks: false, output: &output)
            }
        case .unheard:
            if case .immediate(.refused(let refused)) = envelope.message {
                noteRefusal(by: sender, refused.reason)
            } else if admission.mayAsk(sender, at: now, every: limits.heartbeatTicks) {
                sayHello(to: sender, asks: true, output: &output)
            }
        case .misaddressed:
            // Nothing else might ever tell it: followers have nothing to say to each other.
            counters.foreign += 1
            sayHello(to: sender, asks: false, output: &output)
        case .held:
            meet(envelope, output: &output)
        case .admitted:
            guard envelope.message.isPossible(from: sender, above: replica.highestSeen) else {
                counters.impossible += 1
                return
            }
            handle(envelope.message, from: sender, output: &output)
        }
    }

    /// Of what a peer says before it is admitted, only who it is counts, and that it refuses this node.
    private mutating func meet(_ envelope: Envelope, output: inout Output) {
        switch envelope.message {
        case .immediate(.hello(let hello)):
            admission.meet(envelope.sender, hello, output: &output)
            if hello.asks { sayHello(to: envelope.sender.node, asks: false, output: &output) }
        case .immediate(.refused(let refused)):
            noteRefusal(by: envelope.sender.node, refused.reason)
        default:
            break
        }
    }

    private mutating func handle(_ message: Message, from sender: NodeID, output: inout Output) {
        // Whoever says anything but who it is to this very process counts it: it refuses no longer.
        if !message.isOfMeeting { forgetRefusal(by: sender) }
        switch message {
        case .statement(let statement):
            replica.receive(statement, from: sender, output: &output)
        case .immediate(.hello(let hello)):
            if hello.asks { sayHello(to: sender, asks: false, output: &output) }
        case .immediate(.refused(let refused)):
            noteRefusal(by: sender, refused.reason)
        case .immediate(.forward(let forward)):
            receive(forward, from: sender, output: &output)
        case .immediate(.forwardRefused(let refused)):
            receive(refused, from: sender, output: &output)
        case .immediate(.barrierRequest(let request)):
            barriers.receive(request, from: sender)
        case .immediate(.barrierReply(let reply)):
            barriers.receive(reply)
        case .immediate(.probe(let probe)):
            receive(probe, from: sender, output: &output)
        case .immediate(.probeReply(let reply)):
            receive(reply, from: sender, output: &output)
        case .immediate(let message):
            replica.receive(message, from: sender, output: &output)
        }
        if replica.foundImpossible {
            counters.impossible += 1
            replica.foundImpossible = false
        }
        counters.unbacked += replica.unbackedClaims
        replica.unbackedClaims = 0
    }

    /// Says to every member that this process is here now, and again once it holds them all; and asks the
    /// founding members that it waits for, a few times a second.
    mutating func greet(output: inout Output) {
        guard takesPart, !hasGreeted || (!admission.isEstablished && now >= nextGreeting) else {
            return
        }
        nextGreeting = now.advanced(by: limits.heartbeatTicks)
        let nodes = hasGreeted ? admission.sought : admission.peerNodes
        hasGreeted = true
        for node in nodes { sayHello(to: node, asks: true, output: &output) }
    }

    private func sayHello(to node: NodeID, asks: Bool, output: inout Output) {
        let hello = Hello(asks: asks, holds: admission.holds(node), terms: admission.terms)
        output.send(.hello(hello), to: node)
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

    package var total: UInt64 {
        UInt64(foreign + refused + impossible + disagreeing + unbacked + unvouched)
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

    /// False for what no correct node sends: it moves no state (`R80`).
    func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        switch self {
        case .statement(.prepare(let prepare)):
            prepare.ballot.isPossible(of: sender, above: seen)
        case .statement(.promise(let promise)):
            promise.committed.isPossible && promise.last.isPossible
                && promise.trimmed <= promise.committed && promise.committed <= promise.last
                && promise.recent <= promise.committed
        case .statement(.accepted(let accepted)):
            accepted.slots.upperBound.isPossible
        case .immediate(let message):
            message.isPossible(from: sender, above: seen)
        }
    }
}

extension Immediate {
    fileprivate func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        switch self {
        case .accept(let accept):
            accept.ballot.isPossible(of: sender, above: seen) && accept.run.last.isPossible
                && accept.committed < accept.run.first && accept.run.first > .zero
        case .commit(let notice):
            notice.ballot.isPossible(of: sender, above: seen) && notice.committed.isPossible
        case .heartbeat(let heartbeat):
            heartbeat.ballot.isPossible(of: sender, above: seen) && heartbeat.committed.isPossible
        case .heartbeatReply(let reply):
            reply.promised.isInReach(of: seen) && reply.committed.isPossible
        case .farewell(let farewell):
            farewell.ballot.isPossible(of: sender, above: seen)
        case .statusReply(let reply):
            reply.promised.isInReach(of: seen) && reply.committed.isPossible
                && reply.recent <= reply.committed && reply.leader?.isInReach(of: seen) ?? true
        case .reject(let reject):
            reject.promised.isInReach(of: seen) && reject.committed.isPossible
        case .page(let page):
            page.through.isPossible
                && page.rows.allSatisfy { page.from <= $0.slot && $0.slot <= page.through }
        case .pageRequest(let request):
            request.from.isPossible
        case .catchUpRequest(let request):
            request.slots.upperBound.isPossible && request.slots.lowerBound > .zero
        case .catchUp(let answer):
            answer.committed.isPossible
                && answer.rows.allSatisfy { $0.slot.isPossible && $0.ballot.isInReach(of: seen) }
        case .forward(let forward):
            forward.isPossible(from: sender)
        case .probe(let probe):
            switch probe.subject {
            case .answers: true
            case .forwards(let first, let count):
                first.node == sender && first.sequence > 0
                    && first.sequence <= UInt64.max - UInt64(count)
            case .accepts(let ballot, let slots):
                ballot.isPossible(of: sender, above: seen) && slots.upperBound.isPossible
                    && slots.lowerBound > .zero
            }
        case .probeReply(let reply):
            switch reply.subject {
            case .answers, .forwards: true
            case .accepts(let ballot, let missing):
                ballot.isInReach(of: seen) && missing?.upperBound.isPossible ?? true
                    && missing.map { $0.lowerBound > .zero } ?? true
            }
        case .hello, .refused, .statusRequest, .forwardRefused, .barrierRequest, .barrierReply:
            true
        }
    }
}

extension Ballot {
    /// How far a round may lie above the highest that was seen.
    private static let reach: UInt64 = 1 << 32

    fileprivate func isPossible(of sender: NodeID, above seen: Ballot) -> Bool {
        node == sender && isInReach(of: seen)
    }

    fileprivate func isInReach(of seen: Ballot) -> Bool {
        round <= seen.round + Self.reach
    }
}

extension Slot {
    fileprivate var isPossible: Bool { self < .limit }
}
