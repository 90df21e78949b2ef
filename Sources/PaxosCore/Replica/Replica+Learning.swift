/// How a replica learns what is chosen: from its leader's notices where its own rows are good, from the
/// rows of a member that knows better where they are not.
extension Replica {
    /// Passes what can be passed, and fetches what cannot.
    mutating func learn(output: inout Output) {
        learner.advance(by: acceptor)
        role.leader?.advance(committed: learner.committed, now: now)
        noteLearned()
        requestMissing(output: &output)
    }

    /// - Parameter isRepeated: What the member says regularly takes the place of what it has said.
    mutating func notePeer(_ node: NodeID, committed: Slot, isRepeated: Bool = false) {
        guard let position = membership.position(of: node) else { return }
        peerCommitted[position] =
            isRepeated ? committed : max(peerCommitted[position], committed)
    }

    /// How many pages may be on their way to a member that fetches: with two of them the link is busy while
    /// the one is taken in and the next one asked for, and somebody else's bytes wait for no more than that.
    private static let pages = 2

    /// Asks one member for the missing slots, two pages at a time, and another one when what was asked for
    /// is lost: its answer may stand in a queue for as long as it likes (`R83`).
    private mutating func requestMissing(output: inout Output) {
        guard installing == nil, fetching?.isAtWork != true, let (missing, pages) = slotsToFetch,
            !isCatchingUp(output: &output)
        else { return }
        if learner.isInVain(among: membership.members.count) {
            // Nobody has it: whoever says that it is chosen may say so again.
            learner.forgetWords()
            for position in peerCommitted.indices {
                peerCommitted[position] = min(peerCommitted[position], learner.committed)
            }
            return
        }
        guard let member = memberToAsk(for: missing.lowerBound) else { return }
        noteFetching(missing)
        learner.beginCatchUp(missing, from: member, at: now)
        let end = max(missing.lowerBound, min(missing.upperBound, acceptor.windowEnd))
        let request = CatchUpRequest(
            slots: missing.lowerBound...end,
            pages: min(pages, end.count(after: missing.lowerBound.previous)),
            continues: learner.follows == member
        )
        output.send(.catchUpRequest(request), to: member)
    }

    /// The missing slots and how many pages of them there is room for, in memory and in the store; or one of
    /// those that replace a row (`R79`). Else most of a page would come to be dropped.
    private var slotsToFetch: (slots: ClosedRange<Slot>, pages: Int)? {
        guard let missing = learner.missing, acceptor.fitsUnflushed(limits.transferBytes) else {
            return nil
        }
        let beyond = max(missing.lowerBound, acceptor.last.next)
        if !acceptor.isFull, acceptor.isInWindow(beyond, bytes: limits.transferBytes) {
            let bytes = Self.pages * limits.transferBytes
            let isRoomy =
                bytes <= 2 * limits.pipelineBytes
                && acceptor.isInWindow(beyond, bytes: bytes) && acceptor.fitsUnflushed(bytes)
            return (missing, isRoomy ? Self.pages : 1)
        }
        guard missing.lowerBound <= acceptor.last else { return nil }
        return (missing.clamped(to: missing.lowerBound...acceptor.last), 1)
    }

    /// True if an answer may still come; whoever owes it is asked now and then whether it will.
    private mutating func isCatchingUp(output: inout Output) -> Bool {
        guard let current = learner.catchUp else { return false }
        if let ends = current.ends { return now < ends }
        let isReached =
            membership.position(of: current.asked).map {
                election.isConnected(position: $0, at: now) && !isLogLaneDead(at: $0)
            } ?? false
        guard isReached || now < current.at.advanced(by: limits.electionTicks / 2) else {
            return false
        }
        let patience = Self.patience * limits.electionTicks
        guard now < current.at.advanced(by: patience) else { return false }
        if now >= current.probed.advanced(by: limits.electionTicks / 2) {
            let id = ask(.answers, current.asked, output: &output)
            learner.noteProbe(id, at: now)
        }
        return true
    }

    /// A member that was asked for rows has none beyond a slot: more than that is not believed of what it has
    /// said. Returns how many slots were taken back.
    private mutating func doubt(_ node: NodeID, beyond committed: Slot) -> Int {
        guard let position = membership.position(of: node) else { return 0 }
        peerCommitted[position] = min(peerCommitted[position], committed)
        return learner.doubt(node, beyond: committed)
    }

    /// How many election timeouts a member that lives and answers no probe is waited for.
    private static let patience: UInt64 = 32

    /// A member that is known to have the slot, and is heard if one of those is: the next in the order of ids
    /// after this node, so that not all ask the same one. After a question without an answer, whoever comes
    /// next after who was asked: the one that is known may be unable to read the row, and of followers nothing
    /// is known until they are asked.
    private func memberToAsk(for slot: Slot) -> NodeID? {
        let members = membership.members
        let last = membership.position(of: learner.catchUp?.asked ?? node) ?? 0
        let others = (1...members.count).map { (last + $0) % members.count }
            .filter { members[$0] != node }
        let live = others.filter { !isLogLaneDead(at: $0) }
        guard learner.catchUp == nil else {
            return (live.first ?? others.first).map { members[$0] }
        }
        let known = others.filter { peerCommitted[$0] >= slot }
        let heard = known.filter { election.isConnected(position: $0, at: now) }
        let fit = heard.first { live.contains($0) } ?? heard.first
        return (fit ?? known.first).map { members[$0] }
    }

    mutating func receive(_ request: CatchUpRequest, from sender: NodeID, output: inout Output) {
        guard installing == nil else { return }
        let first = request.slots.lowerBound
        let last = min(request.slots.upperBound, deliverable)
        forgetGiven(to: sender, behind: first, output: &output)
        guard first <= last, first > acceptor.trimmed else {
            refuse(first, to: sender, output: &output)
            return
        }
        let place: Int
        if let known = serving.firstIndex(where: { $0.node == sender }) {
            place = known
            serving[place].sent.removeAll { $0 < first }
        } else {
            place = serving.count
            let pages = request.pages
            serving.append(Serving(node: sender, next: first, last: last, pages: pages))
        }
        // Another request replaces the one before; the page that it asks for may be read already.
        if !request.continues || first > serving[place].next {
            serving[place].sent = []
            serving[place].next = first
        }
        serving[place].last = last
        serving[place].pages = min(request.pages, Self.pages)
        readOn(place, output: &output)
    }

    /// Reads the next page for a member, if it is to have one; one at a time, whatever it asks for meanwhile
    /// (`R62`).
    private mutating func readOn(_ place: Int, output: inout Output) {
        let served = serving[place]
        guard served.reading == nil, served.sent.count < served.pages, served.next <= served.last
        else { return }
        let id = makeReadID()
        serving[place].reading = (id, served.next)
        output.reads.append(
            ReadRequest(id: id, slots: served.next...served.last, maxBytes: limits.pageBytes)
        )
    }

    /// Says that there are no rows from a slot on: not yet, or not any more, which is not the same (`R15`).
    private func refuse(
        _ first: Slot,
        to sender: NodeID,
        trimmed found: Slot = .zero,
        output: inout Output
    ) {
        let trimmed = max(acceptor.trimmed, found)
        let answer = CatchUp(
            from: first,
            rows: [],
            committed: max(deliverable, first <= trimmed ? trimmed : .zero),
            trimmed: first <= trimmed ? trimmed : .zero
        )
        output.send(.catchUp(answer), to: sender)
    }

    /// Answers the member for whom the rows were read.
    mutating func receive(_ completion: ReadCompletion, output: inout Output) {
        if giveBase(completion, output: &output) { return }
        guard let place = serving.firstIndex(where: { $0.reading?.id == completion.id }),
            let from = serving[place].reading?.from
        else { return }
        let served = serving[place]
        serving[place].reading = nil
        // Something else was asked for meanwhile.
        if from != served.next { readOn(place, output: &output) }
        guard serving[place].reading == nil else { return }
        serving[place].probe = nil
        defer {
            if let probe = served.probe {
                let reply = ProbeReply(id: probe, subject: .answers)
                output.send(.probeReply(reply), to: served.node)
            }
        }
        guard from == served.next else { return }
        // A row that cannot be read is not sent, and nothing after it (`R35`): others have it, or learn it
        // from each other, if somebody leads who does not claim to know it.
        guard case .success(let page) = completion.result else {
            serving.remove(at: place)
            if case .failure(.trimmed(let trimmed, _)) = completion.result {
                refuse(served.next, to: served.node, trimmed: trimmed, output: &output)
                return
            }
            unreadable = min(unreadable ?? served.next, served.next)
            if leader != nil { stepDown(.unreadableRow) }
            return
        }
        // It was written anew, or the disk has only hiccuped.
        if let slot = unreadable, served.next <= slot, slot <= page.through { unreadable = nil }
        var rows: [AcceptedEntry] = []
        for row in page.rows where row.slot == served.next.advanced(by: rows.count) {
            rows.append(row)
        }
        let answer = CatchUp(from: served.next, rows: rows, committed: deliverable)
        output.send(.catchUp(answer), to: served.node)
        guard let last = rows.last?.slot else {
            serving.remove(at: place)
            return
        }
        serving[place].sent.append(last)
        serving[place].next = last.next
        readOn(place, output: &output)
    }

    /// A late answer is as true as one in time, whoever was asked.
    mutating func receive(_ answer: CatchUp, from sender: NodeID, output: inout Output) {
        noteAnswer(from: sender)
        for row in answer.rows { fetchedBytes += UInt64(row.entry.payloadBytes) }
        compare(answer.rows, from: sender)
        notePeer(sender, committed: answer.committed)
        noteTrimmed(answer.trimmed, at: sender)
        let current = learner.catchUp
        let isAwaited =
            current?.asked == sender && current.map { answer.covers($0.slots.lowerBound) } == true
        // Less than it had said when it was asked: what it has said since may have overtaken the answer. A
        // leader may be behind its own notice by what its disk has still to write, and no farther.
        // Of a page that was read before it was asked for, nothing follows.
        let isOlder = current?.continues == true && !answer.rows.isEmpty
        if isAwaited, !isOlder, let current, answer.committed < current.slots.upperBound,
            doubt(sender, beyond: answer.committed) > 2 * limits.pipelineSlots
        {
            unbackedClaims += 1
        }
        // So that who fetches goes on at once to where the sender is now (`R85`).
        if current != nil { learner.hear(committed: answer.committed, from: sender) }
        guard let last = answer.rows.last?.slot else {
            guard isAwaited, let current else { return }
            if answer.trimmed > learner.committed {
                requestBase(of: sender, output: &output)
                return
            }
            // It has nothing. The question stays open, so that the next one, at its time, goes on to the
            // next member and not back to one that never answers.
            learner.refuseCatchUp(until: current.at.advanced(by: limits.electionTicks / 2))
            if let position = membership.position(of: sender) {
                peerCommitted[position] = min(answer.committed, answer.from.previous)
            }
            return
        }
        let next = learner.committed.next
        var isTaken = true
        if learner.missing != nil, answer.from <= next, next <= last {
            isTaken = learn(
                chosen: answer.rows.filter { $0.slot >= next },
                from: next,
                output: &output
            )
        }
        if isAwaited, !isTaken, let current {
            // Dropped for want of room: asked for again at once it would be dropped again.
            let wait = max(1, limits.electionTicks / 2)
            learner.refuseCatchUp(until: max(now, current.at).advanced(by: wait))
        } else if isAwaited || current.map({ $0.slots.upperBound <= learner.committed }) == true {
            // Of somebody else's answer what was asked for is on its way still.
            learner.endCatchUp()
        }
        if learner.committed < last { learner.unfollow(sender) }
        learn(output: &output)
        leadIfComplete(output: &output)
    }

    /// Takes in rows that are known to be chosen: those of adjoining slots, as far as memory reaches. False if
    /// it took none.
    ///
    /// What was chosen under a later ballot overtakes a proposer. Its notices would say under its own
    /// ballot that the slot is chosen, and a follower that has accepted something else under that ballot
    /// would pass it (`R68`).
    @discardableResult
    mutating func learn(
        chosen rows: [AcceptedEntry],
        from first: Slot,
        output: inout Output
    ) -> Bool {
        var adjoining: [AcceptedEntry] = []
        var bytes = 0
        for row in rows where row.slot == first.advanced(by: adjoining.count) {
            bytes += row.entry.payloadBytes
            guard acceptor.isInWindow(row.slot, bytes: bytes), acceptor.fitsUnflushed(bytes),
                !acceptor.isFull || row.slot <= acceptor.last
            else { break }
            adjoining.append(row)
        }
        guard let last = adjoining.last else { return false }
        acceptor.storeChosen(
            adjoining.filter { $0.slot > learner.committed && !learner.knowsChosen($0.slot) },
            output: &output
        )
        learner.learn(first...last.slot)
        note(acceptor.promised)
        yieldToPromise()
        return true
    }
}

extension CatchUp {
    /// True if it says what is at the slot, or that there is nothing.
    fileprivate func covers(_ slot: Slot) -> Bool {
        rows.last.map { from <= slot && slot <= $0.slot } ?? (from == slot)
    }
}
