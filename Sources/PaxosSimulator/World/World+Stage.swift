import PaxosCore

/// What a world does differently while it follows a script.
extension World {
    /// More events than any script needs: somebody answers somebody for ever.
    private static var mostEvents: Int { 100_000 }

    /// Handles everything that is under way, until all is quiet.
    func drain() throws(Violation) {
        var events = 0
        while let next = agenda.popFirst() {
            events += 1
            try demand(events < Self.mostEvents, .limits, "the exchange does not end")
            try handle(next.event)
        }
    }

    /// Lets the clocks of some nodes go on by one tick.
    func tick(_ ticking: [SimulatedNode]) throws(Violation) {
        for node in ticking {
            guard let process = node.process, !process.hasClosed else { continue }
            process.ticksAhead += 1
            guard process.tick(at: now) >= process.core.nextDeadline else { continue }
            schedule(node)
        }
        try drain()
    }

    func send(_ envelope: Envelope, from sender: SimulatedNode, on stage: Stage) {
        guard let receiver = receiver(of: envelope) else { return }
        let isCut = network.isCut(envelope.lane, from: sender.index, to: receiver.index)
        let fate = stage.fate(envelope, from: sender, to: receiver)
        var mark = ""
        if isCut {
            mark = "cut"
        } else if fate == .isLost {
            mark = "dropped"
        } else if fate == .waits {
            mark = "held"
        } else if receiver.process == nil {
            mark = "down"
        }
        trace.note(.sent, at: now, envelope, from: sender, to: receiver, mark: mark)
        guard !isCut else { return }
        switch fate {
        case .arrives: arrive(envelope, from: sender, at: receiver, on: stage)
        case .waits:
            stage.wait(Stage.Waiting(envelope: envelope, sender: sender, receiver: receiver))
        case .isLost: return
        }
    }

    /// Of a node and its twin, the process that is meant, or else the one at the node's address.
    private func receiver(of envelope: Envelope) -> SimulatedNode? {
        let candidates = nodes.filter { $0.id == envelope.destination }
        return candidates.first { node in
            node.process.map { $0.identity.process == envelope.recipient } ?? false
        } ?? candidates.first { $0.hasAddress && $0.process != nil } ?? candidates.first
    }

    /// A message that waited arrives.
    func deliver(_ message: Stage.Waiting, on stage: Stage) {
        trace.note(
            .released,
            at: now,
            message.envelope,
            from: message.sender,
            to: message.receiver,
            mark: message.receiver.process == nil ? "down" : ""
        )
        arrive(message.envelope, from: message.sender, at: message.receiver, on: stage)
    }

    private func arrive(
        _ envelope: Envelope,
        from sender: SimulatedNode,
        at receiver: SimulatedNode,
        on stage: Stage
    ) {
        guard receiver.process != nil else { return }
        agenda.put(.arrive(envelope, from: sender.index, at: receiver.index), at: now)
    }

    func beginFlush(_ node: SimulatedNode, on stage: Stage) {
        guard !stage.isStalled(node), !node.isPaused else { return }
        node.store.beginFlush(count: node.store.unreceipted, merging: false)
        agenda.put(.flushed(node.index, generation: node.generation), at: now)
    }

    /// Makes the first `count` of a stalled node's writes durable.
    func flush(_ node: SimulatedNode, count: Int) throws(Violation) {
        guard let process = node.process, !node.store.isFlushing else { return }
        node.store.beginFlush(count: count, merging: false)
        try endFlush(node, process)
    }
}
