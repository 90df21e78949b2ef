/// Who speaks with this node: every message passes here first, and every message of this node gets its name here.
///
/// `Admission` decides whose messages count; this says hello, asks, refuses and answers for it, and remembers
/// who refuses this node and whom this node refuses.
struct Meeting: Sendable {
    /// What comes of a message for the rest of the node.
    enum Hearing {
        /// It ends here.
        case nothing
        /// It is for this node, and of a process that counts.
        case admitted
        /// The sender has met what this directory does not hold: this node does not count, for good, or until it
        /// is opened again.
        case contradicted(RolledBack, forGood: Bool)
    }

    private(set) var admission: Admission
    private let heartbeatTicks: UInt64
    private var nextGreeting = Tick.zero
    private var hasGreeted = false
    /// The last peer that does not count this node, why, and when it said so.
    private var refusedBy: (node: NodeID, reason: Refused.Reason, at: Tick)?
    /// The last peer that this node does not count, why, and when it spoke.
    private var refusedPeer: (node: NodeID, reason: Refused.Reason, at: Tick)?
    private var counted = MessageCounters()

    init(recovered: RecoveredState, limits: Limits, rule: SuccessionRule) {
        admission = Admission(
            identity: NodeIdentity(
                cluster: recovered.cluster,
                node: recovered.node,
                incarnation: recovered.incarnation,
                boot: recovered.boot,
                nonce: recovered.nonce
            ),
            terms: Terms(founding: recovered.membership, shape: limits.shape),
            recovered: recovered,
            limits: limits,
            rule: rule
        )
        heartbeatTicks = limits.heartbeatTicks
    }

    /// Who this process of the node is.
    var identity: NodeIdentity { admission.identity }

    /// The boot of a node that this one has met, or is.
    func boot(of node: NodeID) -> Boot? {
        node == identity.node ? identity.boot : admission.process(of: node)?.boot
    }

    /// Every member is durably known to hold this node: it takes part.
    var isEstablished: Bool { admission.isEstablished }

    /// Messages that ended here, by cause, and twins that were found by a challenge.
    var counters: MessageCounters {
        var all = counted
        all.invented = admission.invented
        return all
    }

    // MARK: - Messages

    /// Looks at who speaks, before anything else of a message.
    mutating func receive(_ envelope: Envelope, at now: Tick, output: inout Output) -> Hearing {
        let sender = envelope.sender.node
        answerChallenge(in: envelope, output: &output)
        switch admission.admit(envelope, at: now, output: &output) {
        case .foreign:
            counted.foreign += 1
        case .contradicted(let found, let forGood):
            return .contradicted(found, forGood: forGood)
        case .disagrees:
            counted.disagreeing += 1
            // So that the sender compares as well: it learns from this node's own terms what differs.
            if envelope.hello?.asks == true { sayHello(to: sender, output: &output) }
        case .unheard:
            if !meet(envelope, at: now, output: &output), admission.mayAsk(sender, at: now) {
                sayHello(to: sender, asks: true, output: &output)
            }
        case .newcomer(let isProven):
            if !isProven, admission.mayAsk(sender, at: now) {
                sayHello(to: sender, asks: true, answering: envelope, output: &output)
            } else if envelope.hello?.asks == true {
                sayHello(to: sender, answering: envelope, output: &output)
            }
        case .refused(let reason):
            refuse(envelope, reason, at: now, output: &output)
        case .misaddressed:
            // Whoever asks an earlier process whether it lives learns by the silence that it does not.
            if case .immediate(.challenge) = envelope.message {} else { counted.foreign += 1 }
            // Nothing else might ever tell it: followers have nothing to say to each other.
            if admission.mayAsk(sender, at: now) {
                sayHello(to: sender, answering: envelope, output: &output)
            }
        case .held:
            _ = meet(envelope, at: now, output: &output)
        case .admitted:
            return .admitted
        }
        return .nothing
    }

    /// Takes in a message that was admitted: of a meeting's what it says, of any other that its sender counts this
    /// node.
    mutating func hear(_ envelope: Envelope, at now: Tick, output: inout Output) {
        let sender = envelope.sender.node
        // Whoever says anything but who it is to this very process counts it: it refuses no longer.
        if !envelope.message.isOfMeeting || envelope.hello?.holds == identity.presence {
            forgetRefusal(by: sender)
        }
        _ = meet(envelope, at: now, output: &output)
    }

    private mutating func refuse(
        _ envelope: Envelope,
        _ reason: Refused.Reason,
        at now: Tick,
        output: inout Output
    ) {
        counted.refused += 1
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
    private mutating func meet(
        _ envelope: Envelope,
        at now: Tick,
        output: inout Output
    ) -> Bool {
        switch envelope.message {
        case .immediate(.hello(let hello)):
            admission.meet(envelope, hello, output: &output)
            // Who still holds an earlier process of this node may have asked in vain.
            let isBehind = admission.proof(for: envelope) != nil
            if hello.asks || (isBehind && admission.mayAsk(envelope.sender.node, at: now)) {
                sayHello(to: envelope.sender.node, answering: envelope, output: &output)
            }
        case .immediate(.refused(let refused)):
            refusedBy = (envelope.sender.node, refused.reason, now)
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
            sender.cluster == identity.cluster, envelope.destination == identity.node,
            envelope.recipient == identity.process, admission.peerNodes.contains(sender.node)
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

    // MARK: - In each step

    /// Says to every member that this process is here now, and again once it holds them all; asks the
    /// founding members that it waits for, a few times a second, and the silent ones what they have heard.
    mutating func greet(at now: Tick, output: inout Output) {
        for node in admission.advance(at: now, output: &output) {
            counted.refused += 1
            refusedPeer = (node, .twin, now)
        }
        for node in admission.takeQuiet(at: now) {
            sayHello(to: node, asks: true, output: &output)
        }
        guard !hasGreeted || (!isEstablished && now >= nextGreeting) else { return }
        nextGreeting = now.advanced(by: heartbeatTicks)
        let nodes = hasGreeted ? admission.sought : admission.peerNodes
        hasGreeted = true
        for node in nodes { sayHello(to: node, asks: true, output: &output) }
    }

    /// The tick at which something is due here though nothing arrives.
    var nextDeadline: Tick {
        isEstablished ? admission.nextDeadline : min(admission.nextDeadline, nextGreeting)
    }

    /// Takes in what is on disk now, and tells the peers of which that is another process.
    mutating func markDurable(
        _ records: [PeerRecord],
        written: WriteNumber,
        isHeard: Bool,
        output: inout Output
    ) {
        admission.newest = max(admission.newest, written)
        for record in records where admission.holds(record.node) != record.presence {
            output.facts.append(.metPeer(record.node, record.boot))
        }
        let wasComplete = admission.isComplete
        let changed = admission.markDurable(records)
        if isHeard { for node in changed { sayHello(to: node, output: &output) } }
        if !wasComplete, admission.isComplete { hasGreeted = false }
    }

    /// Adds what was heard of peers and is to be on disk by now, or goes there along with the rest.
    mutating func addRecords(to rows: inout WriteRows, at now: Tick) {
        rows.peers += admission.lazyRecords(at: now, anyway: rows.needsFlush)
    }

    /// Adds below which of its own openings nobody needs any more.
    mutating func addPruned(to rows: inout WriteRows) {
        rows.prunesBelow = admission.pruned.take()
    }

    // MARK: - What leaves

    /// Makes envelopes of a step's messages, and of the testimony that a receipt has released.
    func seal(_ output: inout Output) {
        for message in output.immediate {
            let node = message.destination
            // Members meet as nodes; everything else is between two processes.
            let isMeeting = if case .hello = message.body { true } else { false }
            let recipient = isMeeting ? nil : admission.process(of: node)
            let named = isMeeting ? admission.holds(node)?.process : recipient
            output.messages.append(
                admission.envelope(to: node, recipient, naming: named, .immediate(message.body))
            )
        }
        for testimony in output.released {
            let node = testimony.destination
            let recipient = admission.process(of: node)
            output.messages.append(
                admission.envelope(
                    to: node,
                    recipient,
                    naming: recipient,
                    .statement(testimony.body)
                )
            )
        }
    }

    /// - Parameter envelope: What named a process of this node that the receiver has met: this one proves that it
    ///   succeeds it.
    private func sayHello(
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

    // MARK: - Refusals

    /// It has said something that only who counts this node says.
    private mutating func forgetRefusal(by node: NodeID) {
        if refusedBy?.node == node { refusedBy = nil }
    }

    /// The last peer that does not count this node. One that refuses says so whenever it is spoken to; one that
    /// is gone does not.
    func refusal(at now: Tick) -> (node: NodeID, reason: Refused.Reason)? {
        guard let refusedBy, now < Disagreements.end(of: refusedBy.at) else { return nil }
        return (refusedBy.node, refusedBy.reason)
    }

    /// The last peer that this node does not count.
    func refusedPeer(at now: Tick) -> RefusedPeer? {
        guard let refusedPeer, now < Disagreements.end(of: refusedPeer.at) else { return nil }
        return RefusedPeer(node: refusedPeer.node, reason: refusedPeer.reason)
    }

    /// Somebody was made with other terms, and was heard since this process began.
    var hasDisagreements: Bool { admission.hasDisagreements }

    /// When this account changes though nothing arrives.
    func shownUntil(after now: Tick) -> Tick {
        func end(_ heard: Tick?) -> Tick {
            let end = heard.map(Disagreements.end) ?? .never
            return end > now ? end : .never
        }
        let shown = min(end(refusedBy?.at), end(refusedPeer?.at))
        return min(shown, admission.shownUntil(after: now))
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
