import PaxosCore

/// From one node to another.
extension World {
    func send(_ envelope: Envelope, from sender: SimulatedNode) {
        if let stage {
            send(envelope, from: sender, on: stage)
            return
        }
        guard !endIfAlone(sender), let receiver = addressee(of: envelope) else { return }
        guard !isHidden(sender, from: receiver) else { return }
        trace.note(.sent, at: now, envelope, from: sender, to: receiver)
        if intercept(envelope, from: place(of: sender), to: place(of: receiver)) { return }
        if isHeldBack(envelope, from: place(of: sender), to: place(of: receiver)) { return }
        if network.isCut(
            envelope.lane,
            from: place(of: sender).index,
            to: place(of: receiver).index
        ) {
            return
        }
        if !isQuiescing, networkRandom.happens(permille: mix.lossPermille) {
            counts.count(.loss)
            trace.note(.lost, at: now, envelope, from: sender, to: receiver)
            return
        }
        if transmit(envelope, from: sender, to: receiver) {
            if mix.bytesPerTick != nil { freight.carry(envelope, from: sender, to: receiver) }
            load(envelope, from: sender, to: receiver)
        }
        if !isQuiescing, networkRandom.happens(permille: mix.duplicationPermille) {
            counts.count(.duplication)
            transmit(envelope, from: sender, to: receiver)
        }
    }

    /// False if the queue of the link has no room.
    @discardableResult
    func transmit(
        _ envelope: Envelope,
        from sender: SimulatedNode,
        to receiver: SimulatedNode
    ) -> Bool {
        let range = isQuiescing ? 1...4 : mix.delay
        let delay = networkRandom.within(range)
        if delay > 8 { counts.count(.reordering) }
        let slowness = network.slowness(
            from: place(of: sender).index,
            to: place(of: receiver).index
        )
        let way = network.link(from: place(of: sender).index, to: place(of: receiver).index)
        let resumes = network.resumes(envelope.lane, over: way)
        var arrival = max(now.advanced(by: delay + slowness), resumes)
        if let bytesPerTick = mix.bytesPerTick {
            let link = network.link(from: sender.index, to: receiver.index)
            guard
                let behind = network.carry(
                    envelope,
                    over: link,
                    bytesPerTick: isQuiescing ? 4 * bytesPerTick : bytesPerTick,
                    delay: delay + slowness,
                    at: now
                )
            else {
                counts.count(.narrowLink)
                return false
            }
            if behind > arrival.advanced(byTicks: 2) { counts.count(.narrowLink) }
            arrival = behind
        }
        agenda.put(.arrive(envelope, from: sender.index, at: receiver.index), at: arrival)
        return true
    }

    /// What still stands in a queue is not sent again (`R83`): links that are narrow keep their order, so
    /// whoever sends can know.
    private func load(
        _ envelope: Envelope,
        from sender: SimulatedNode,
        to receiver: SimulatedNode
    ) {
        // Of a node and its twin either may get what the other was sent.
        guard mix.bytesPerTick != nil, nodes.count == membership.members.count,
            let cargo = cargo(envelope, from: sender, to: receiver)
        else { return }
        let link = network.link(from: sender.index, to: receiver.index)
        guard network.load(cargo, over: link) != nil else { return }
        let text =
            "\(sender.id) sends \(envelope.message.text) while it stands in the queue to \(receiver.id)"
        repetition = repetition ?? Violation(.flow, text)
    }

    private func cargo(
        _ envelope: Envelope,
        from sender: SimulatedNode,
        to receiver: SimulatedNode
    ) -> Cargo? {
        let status = sender.process?.core.status
        let promised = status?.promised ?? .zero
        // Who is no leader passes on what it gets, and cannot say whether the leader got it.
        if case .immediate(.forward(let forward)) = envelope.message,
            status?.leader != receiver.id || forward.hops > 0
        {
            return nil
        }
        // Whoever is not heard for an election timeout is asked again, though its queue may be whole.
        if case .immediate(.catchUp) = envelope.message, Self.silencers.contains(where: isCounted) {
            return nil
        }
        let leading = sender.process?.core.leading ?? .zero
        return Cargo(
            envelope.message,
            context: [
                UInt64(sender.generation), UInt64(receiver.generation), promised.round,
                promised.node.rawValue, leading.round, leading.node.rawValue,
            ]
        )
    }

    /// What may keep a member from being heard though what it has sent is on its way.
    static let silencers: [FaultKind] =
        [
            .loss, .slowLink, .partition, .partialPartition, .oneWayPartition, .pause, .crash,
            .crashAtWrite, .shutdown, .stall, .flushFailure, .writeFailure, .wipe, .rollback,
            .laneCut, .laneStall,
        ] + Aim.kinds

    private func isCounted(_ kind: FaultKind) -> Bool { counts[kind] > 0 }

    func arrive(
        _ envelope: Envelope,
        from sender: SimulatedNode,
        at receiver: SimulatedNode
    ) {
        if mix.bytesPerTick != nil {
            network.unload(
                envelope.message,
                from: network.link(from: sender.index, to: receiver.index)
            )
        }
        guard !endIfAlone(sender), !endIfAlone(receiver),
            !endedCopies.contains(envelope.sender.process)
        else { return }
        guard let process = receiver.process, !process.hasClosed else { return }
        trace.note(.arrived, at: now, envelope, from: sender, to: receiver)
        interrupt(envelope, at: receiver)
        let companions = companions(of: envelope, at: receiver)
        process.messages += companions.before
        process.messages.append(envelope)
        noteOffered(envelope, to: process)
        process.messages += companions.after
        schedule(receiver)
    }
}
