/// How a replica learns what is chosen: from its leader's notices where its own rows are good, from the
/// rows of a member that knows better where they are not.
extension Replica {
    /// Passes what can be passed, and fetches what cannot.
    mutating func learn(output: inout Output) {
        learner.advance(by: acceptor)
        leader?.advance(committed: learner.committed, now: now)
        requestMissing(output: &output)
    }

    mutating func notePeer(_ node: NodeID, committed: Slot) {
        guard let position = membership.position(of: node) else { return }
        peerCommitted[position] = max(peerCommitted[position], committed)
    }

    /// Asks one member for the missing slots, and another one if it does not answer.
    private mutating func requestMissing(output: inout Output) {
        guard var missing = learner.missing, acceptor.isInWindow(missing.lowerBound, bytes: 1)
        else { return }
        if acceptor.isFull {
            // As with Accepts: what takes room waits, what replaces a row does not (`R79`).
            guard missing.lowerBound <= acceptor.last else { return }
            missing = missing.clamped(to: missing.lowerBound...acceptor.last)
        }
        if let current = learner.catchUp,
            now < current.at.advanced(by: limits.electionTicks / 2)
        {
            return
        }
        guard let member = memberToAsk(for: missing.lowerBound) else { return }
        learner.beginCatchUp(missing, from: member, at: now)
        output.send(.catchUpRequest(CatchUpRequest(slots: missing)), to: member)
    }

    /// The member after the one asked last, in the order of ids, that is known to have the slot. After a
    /// question without an answer, whoever comes next: the one that is known may be unable to read the
    /// row, and of followers nothing is known until they are asked.
    private func memberToAsk(for slot: Slot) -> NodeID? {
        let members = membership.members
        let last = learner.catchUp.flatMap { membership.position(of: $0.asked) } ?? 0
        let isRetry = learner.catchUp != nil
        for step in 1...members.count {
            let position = (last + step) % members.count
            if members[position] != node, isRetry || peerCommitted[position] >= slot {
                return members[position]
            }
        }
        return nil
    }

    mutating func receive(_ request: CatchUpRequest, from sender: NodeID, output: inout Output) {
        let first = request.slots.lowerBound
        let last = min(request.slots.upperBound, deliverable)
        guard first <= last, first > acceptor.trimmed else {
            let answer = CatchUp(from: first, rows: [], committed: deliverable)
            output.send(.catchUp(answer), to: sender)
            return
        }
        // One read a member: a repeated request replaces the one before.
        serving.removeAll { $0.node == sender }
        let id = makeReadID()
        serving.append(Serving(id: id, node: sender, from: first))
        output.reads.append(
            ReadRequest(id: id, slots: first...last, maxBytes: limits.pageBytes)
        )
    }

    /// Answers the member for whom the rows were read.
    mutating func receive(_ completion: ReadCompletion, output: inout Output) {
        guard let place = serving.firstIndex(where: { $0.id == completion.id }) else { return }
        let served = serving.remove(at: place)
        // A row that cannot be read is not sent, and nothing after it (`R35`): others have it, or learn it
        // from each other, if somebody leads who does not claim to know it.
        guard case .success(let page) = completion.result else {
            if leader != nil { stepDown() }
            return
        }
        var rows: [AcceptedEntry] = []
        for row in page.rows where row.slot == served.from.advanced(by: rows.count) {
            rows.append(row)
        }
        let answer = CatchUp(from: served.from, rows: rows, committed: deliverable)
        output.send(.catchUp(answer), to: served.node)
    }

    mutating func receive(_ answer: CatchUp, from sender: NodeID, output: inout Output) {
        notePeer(sender, committed: answer.committed)
        guard let current = learner.catchUp, current.asked == sender,
            current.slots.lowerBound == answer.from
        else { return }
        guard !answer.rows.isEmpty else {
            // It has nothing. The question stays open, so that the next one, at its time, goes on to the
            // next member and not back to one that never answers.
            if let position = membership.position(of: sender) {
                peerCommitted[position] = min(answer.committed, answer.from.previous)
            }
            return
        }
        learner.endCatchUp()
        learn(chosen: answer.rows, from: answer.from, output: &output)
        learn(output: &output)
    }

    /// Takes in rows that are known to be chosen: those of adjoining slots, as far as memory reaches.
    ///
    /// What was chosen under a later ballot overtakes a proposer. Its notices would say under its own
    /// ballot that the slot is chosen, and a follower that has accepted something else under that ballot
    /// would pass it (`R68`).
    mutating func learn(chosen rows: [AcceptedEntry], from first: Slot, output: inout Output) {
        var adjoining: [AcceptedEntry] = []
        var bytes = 0
        for row in rows where row.slot == first.advanced(by: adjoining.count) {
            bytes += row.entry.payloadBytes
            guard acceptor.isInWindow(row.slot, bytes: bytes),
                !acceptor.isFull || row.slot <= acceptor.last
            else { break }
            adjoining.append(row)
        }
        guard let last = adjoining.last else { return }
        acceptor.storeChosen(
            adjoining.filter { $0.slot > learner.committed && !learner.knowsChosen($0.slot) },
            output: &output
        )
        learner.learn(first...last.slot)
        note(acceptor.promised)
        yieldToPromise()
    }
}
