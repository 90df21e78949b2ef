/// What is under way is sent again when it is lost, and not when time has passed (`Probe`, `R83`).
extension Replica {
    /// Asks each member what it holds of the slots in flight that it has not accepted, once in a while when
    /// the lowest of them makes no progress.
    mutating func probeAccepts(output: inout Output) {
        guard role.leader?.shouldProbe(now: now) == true, let leader else { return }
        for (position, member) in membership.members.enumerated() where member != node {
            guard let first = leader.firstMissing(at: position) else { continue }
            probeAccepts(first...leader.next.previous, of: position, output: &output)
        }
    }

    private mutating func probeAccepts(
        _ slots: ClosedRange<Slot>,
        of position: Int,
        output: inout Output
    ) {
        guard let ballot = leader?.ballot else { return }
        let id = ask(.accepts(ballot, slots), membership.members[position], output: &output)
        role.leader?.noteProbe(id, at: position)
    }

    /// Asks each member whose page is awaited whether it is still to come.
    mutating func probePages(output: inout Output) {
        guard let awaited = candidate?.awaited else { return }
        for position in awaited where membership.members[position] != node {
            let id = ask(.answers, membership.members[position], output: &output)
            role.candidate?.noteProbe(id, at: position)
        }
    }

    /// Sends a probe and returns its id.
    ///
    /// - Parameter bytes: What is on its way to the member already, beside what this node proposes.
    mutating func ask(
        _ subject: Probe.Subject,
        _ member: NodeID,
        behind bytes: Int = 0,
        output: inout Output
    ) -> UInt64 {
        let id = probes.upperBound
        probes = probes.lowerBound..<id + 1
        if let position = membership.position(of: member) {
            lanes[position].ask(behind: max(bytes, leader?.bytesInFlight ?? 0), at: now)
        }
        output.send(.probe(Probe(id: id, subject: subject)), to: member)
        return id
    }

    mutating func receive(_ probe: Probe, from sender: NodeID, output: inout Output) {
        switch probe.subject {
        case .answers:
            if let place = serving.firstIndex(where: { $0.node == sender && $0.reading != nil }) {
                serving[place].probe = probe.id
            } else if let place = baseReads.firstIndex(where: { $0.node == sender }) {
                baseReads[place].probe = probe.id
            } else if let place = snapshotReads.firstIndex(where: { $0.node == sender }) {
                snapshotReads[place].probe = probe.id
            } else {
                let reply = ProbeReply(id: probe.id, subject: .answers)
                output.send(.probeReply(reply), to: sender)
            }
        case .accepts(let ballot, let slots):
            note(ballot)
            guard installing == nil,
                let missing = acceptor.missing(
                    of: slots,
                    under: ballot,
                    from: sender,
                    committed: deliverable,
                    output: &output
                )
            else { return }
            let reply = ProbeReply(id: probe.id, subject: .accepts(ballot, missing: missing.slots))
            output.send(.probeReply(reply), to: sender)
        case .forwards: break
        }
    }

    mutating func receive(_ reply: ProbeReply, from sender: NodeID, output: inout Output) {
        guard let position = membership.position(of: sender), probes.contains(reply.id) else {
            return
        }
        noteAnswer(from: sender)
        switch reply.subject {
        case .answers:
            role.candidate?.lose(reply.id, at: position, output: &output)
            learner.lose(reply.id, from: sender, at: now)
            learn(output: &output)
        case .accepts(let ballot, let missing):
            guard leader?.ballot == ballot, role.leader?.isLost(reply.id, at: position) == true,
                let missing
            else { return }
            sendAgain(missing, to: position, output: &output)
        case .forwards: break
        }
    }

    /// Sends a page of what a member lacks, and a probe behind it: its answer calls for the next page.
    private mutating func sendAgain(
        _ missing: ClosedRange<Slot>,
        to position: Int,
        output: inout Output
    ) {
        guard let leader, let first = leader.firstMissing(at: position),
            let run = acceptor.run(
                from: max(first, missing.lowerBound),
                through: min(missing.upperBound, leader.next.previous),
                under: leader.ballot
            )
        else { return }
        let accept = Accept(
            ballot: leader.ballot,
            run: run,
            committed: min(learner.committed, run.first.previous)
        )
        output.send(.accept(accept), to: membership.members[position])
        role.leader?.noteSent(at: position)
        guard run.last < leader.next.previous else { return }
        probeAccepts(run.last.next...leader.next.previous, of: position, output: &output)
    }
}
