import PaxosCore

/// From one node to another.
extension World {
    func send(_ envelope: Envelope, from sender: SimulatedNode) {
        if let stage {
            send(envelope, from: sender, on: stage)
            return
        }
        let receivers = nodes.filter { $0.id == envelope.destination && $0.process != nil }
        guard let receiver = networkRandom.pick(receivers) else { return }
        trace.note(.sent, at: now, envelope, from: sender, to: receiver)
        if intercept(envelope, from: sender, to: receiver) { return }
        if network.isCut(from: sender.index, to: receiver.index) { return }
        if !isSettling, networkRandom.happens(permille: mix.lossPermille) {
            counts.count(.loss)
            trace.note(.lost, at: now, envelope, from: sender, to: receiver)
            return
        }
        transmit(envelope, from: sender, to: receiver)
        if !isSettling, networkRandom.happens(permille: mix.duplicationPermille) {
            counts.count(.duplication)
            transmit(envelope, from: sender, to: receiver)
        }
    }

    func transmit(
        _ envelope: Envelope,
        from sender: SimulatedNode,
        to receiver: SimulatedNode
    ) {
        let range = isSettling ? 1...4 : mix.delay
        let delay = networkRandom.within(range)
        if delay > 8 { counts.count(.reordering) }
        let slowness = network.slowness(from: sender.index, to: receiver.index)
        agenda.put(
            .arrive(envelope, from: sender.index, at: receiver.index),
            at: now.advanced(by: delay + slowness)
        )
    }

    func arrive(
        _ envelope: Envelope,
        from sender: SimulatedNode,
        at receiver: SimulatedNode
    ) {
        guard let process = receiver.process, !process.hasClosed else { return }
        trace.note(.arrived, at: now, envelope, from: sender, to: receiver)
        interrupt(envelope, at: receiver)
        let companions = companions(of: envelope, at: receiver)
        process.messages += companions.before
        process.messages.append(envelope)
        process.messages += companions.after
        schedule(receiver)
    }
}
