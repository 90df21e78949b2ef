/// Members that are far behind: what they lack is trimmed where they ask for it, so they are given what it did, and
/// go on behind it.
///
/// A base is asked for in the place of a catch-up, of the member that has said `trimmed`: one transfer a member
/// at a time, a piece after the other, and asked again only when it is lost (`R83`). What has arrived is kept, so
/// that it goes on where it broke, also with somebody else. If the giver has a snapshot of its host that the log
/// leads on from, it gives the base of that, and behind it the file (`Replica+Snapshot.swift`).
///
/// It is installed by one write (`R44`, `R78`). Until that is durable this node says nothing of the slots up to there,
/// accepts and delivers nothing, and does not begin to lead; what it promises leaves behind that write.
extension Replica {
    /// What a member was given, as long as that may ask for the rest of it: what is trimmed meanwhile does not
    /// begin it anew (`R45`).
    struct Giving {
        let node: NodeID
        /// `nil` if an earlier process of this node has given it.
        var base: EncodedBase?
        /// The snapshot behind it.
        var name: SnapshotName?
        /// How far that was asked for, and when.
        var furthest: UInt64 = 0
        var at: Tick
    }

    /// The base of this node is being read for a member.
    struct BaseRead {
        let id: ReadID
        let node: NodeID
        let request: BaseRequest
        /// Asked behind the request, and answered behind the piece.
        var probe: UInt64?
    }

    /// A base on its way to this node's disk.
    struct Installing {
        let base: Base
        /// What could be delivered when it came.
        let deliverable: Slot
    }

    /// Fits into a message whatever the limits are.
    static var leastPiece: Int { 64 }

    // MARK: - Whoever gives

    mutating func receive(_ request: BaseRequest, from sender: NodeID, output: inout Output) {
        guard installing == nil, acceptor.trimmed > .zero else { return }
        if let given = givenBase(to: sender, request) {
            give(given, at: request.offset, to: sender, output: &output)
            return
        }
        // What it asks for is read already, or was asked for anew.
        guard !baseReads.contains(where: { $0.node == sender }) else { return }
        let id = makeReadID()
        baseReads.append(BaseRead(id: id, node: sender, request: request))
        guard hasSnapshots else {
            readBase(id, output: &output)
            return
        }
        // Not more than can be told to be committed: it may have been written by an earlier process. And nothing that
        // a majority of the others has otherwise: whoever took it would be one more that is wrong.
        let end = comparing.trusted(max(acceptor.trimmed, deliverable))
        guard end >= acceptor.trimmed else {
            giveNothing(for: id, output: &output)
            return
        }
        let slots = acceptor.trimmed...end
        output.snapshots.append(
            SnapshotTask(id: id, work: .find(slots, preferring: request.begun))
        )
    }

    private func givenBase(to node: NodeID, _ request: BaseRequest) -> EncodedBase? {
        guard let given = giving.first(where: { $0.node == node })?.base,
            given.answers(request)
        else { return nil }
        return given
    }

    /// The folder of snapshots has told which one a base is to come with. True if that was asked for.
    mutating func giveBase(_ offer: OfferedBase?, of id: ReadID, output: inout Output) -> Bool {
        guard let place = baseReads.firstIndex(where: { $0.id == id }) else { return false }
        guard let offer else {
            readBase(id, output: &output)
            return true
        }
        // Trimmed past meanwhile: there is a newer one, which is given when it is asked for again.
        guard offer.base.slot >= acceptor.trimmed else {
            giveNothing(for: id, output: &output)
            return true
        }
        give(offer, instead: baseReads.remove(at: place), output: &output)
        return true
    }

    /// What was asked for cannot be told now: whoever asked is answered its probe, and asks again.
    mutating func giveNothing(for id: ReadID, output: inout Output) {
        guard let place = baseReads.firstIndex(where: { $0.id == id }) else { return }
        let read = baseReads.remove(at: place)
        if let probe = read.probe { answer(probe, of: read.node, output: &output) }
    }

    private mutating func readBase(_ id: ReadID, output: inout Output) {
        let trimmed = acceptor.trimmed...acceptor.trimmed
        output.reads.append(ReadRequest(id: id, slots: trimmed, maxBytes: 1))
    }

    /// The store has told what the log did up to the trim point. True if that was asked for.
    mutating func giveBase(_ completion: ReadCompletion, output: inout Output) -> Bool {
        guard let place = baseReads.firstIndex(where: { $0.id == completion.id }) else {
            return false
        }
        let read = baseReads.remove(at: place)
        if case .failure(.trimmed(_, let base?)) = completion.result {
            give(OfferedBase(base), instead: read, output: &output)
        } else if let probe = read.probe {
            answer(probe, of: read.node, output: &output)
        }
        return true
    }

    private mutating func give(
        _ offer: OfferedBase,
        instead read: BaseRead,
        output: inout Output
    ) {
        let encoded = EncodedBase(offer)
        let given = Giving(node: read.node, base: encoded, name: encoded.name, at: now)
        forgetGiven(to: read.node, but: encoded.name, output: &output)
        giving.append(given)
        let offset = encoded.answers(read.request) ? read.request.offset : 0
        give(encoded, at: offset, to: read.node, output: &output)
        if let probe = read.probe { answer(probe, of: read.node, output: &output) }
    }

    func answer(_ probe: UInt64, of node: NodeID, output: inout Output) {
        let reply = ProbeReply(id: probe, subject: .answers)
        output.send(.probeReply(reply), to: node)
    }

    private func give(
        _ base: EncodedBase,
        at offset: Int,
        to node: NodeID,
        output: inout Output
    ) {
        // Each piece is asked for by itself: with the smallest of pages a base would come a byte at a time.
        let chunk = base.chunk(at: offset, atMost: max(limits.pageBytes, Self.leastPiece))
        output.send(.baseChunk(chunk), to: node)
    }

    // MARK: - Whoever takes

    /// A member has trimmed what this node lacks: it is asked for what that did, in the place of the rows.
    mutating func requestBase(of member: NodeID, output: inout Output) {
        guard installing == nil else { return }
        forgetArrivedIfPassed()
        if fetching != nil {
            requestSnapshot(of: member, output: &output)
            return
        }
        guard learner.goOn(with: member, at: now) else { return }
        let begun = begun.flatMap { $0.slot > learner.committed ? $0 : nil }
        let request = arriving?.request(begun: begun) ?? BaseRequest(begun: begun)
        output.send(.baseRequest(request), to: member)
    }

    /// What has come of a base and its snapshot is of no use where the log has got there otherwise.
    private mutating func forgetArrivedIfPassed() {
        if let slot = arriving?.slot, slot <= learner.committed { arriving = nil }
        if let slot = fetching?.name.slot, slot <= learner.committed { fetching = nil }
    }

    /// A late piece is as good as one in time, whoever was asked. A base that ends where this node has got already is
    /// dropped, and so is the beginning of one that is older than what has begun to arrive; unless whoever is asked now
    /// has no other, since nobody may have the rest.
    mutating func receive(_ chunk: BaseChunk, from sender: NodeID, output: inout Output) {
        noteAnswer(from: sender)
        guard installing == nil, arrivedBase == nil, fetching == nil,
            chunk.slot > learner.committed
        else { return }
        // Nobody gives what nobody has said that is missing here (`R80`). What is true comes again.
        guard let missing = learner.missing, chunk.slot <= missing.upperBound else { return }
        fetchedBytes += UInt64(chunk.bytes.count)
        let isNext = arriving?.take(chunk) == true
        let isAsked = learner.catchUp?.asked == sender
        if !isNext {
            guard arriving.map({ !$0.isPiece(chunk) && (isAsked || $0.slot < chunk.slot) }) ?? true,
                let begun = ArrivingBase(chunk)
            else { return }
            arriving = begun
        }
        role.candidate?.extend(now: now, limits: limits)
        guard let arrived = arriving else { return }
        guard arrived.isComplete else {
            if isAsked { requestBase(of: sender, output: &output) }
            return
        }
        arriving = nil
        guard let offered = arrived.offered, offered.base.ballot.isInReach(of: highestSeen),
            offered.base.membership == membership
        else {
            foundImpossible = true
            return
        }
        guard rules.installing.awaitsSnapshot, let snapshot = offered.snapshot else {
            arrivedBase = (offered.base, sender)
            return
        }
        fetch(snapshot, behind: offered.base, from: sender, output: &output)
    }

    /// Writes a base that has arrived whole, if it leads on: the promise with it, if that is below what was chosen
    /// up to there (`R43`).
    ///
    /// - Parameter state: What the delivered prefix has used up. A base is of the same log: it has used that up too.
    /// - Returns: The base, if it is to be written with this step.
    mutating func install(behind state: LogState, output: inout Output) -> Base? {
        guard let (base, sender) = arrivedBase.take(), base.slot > learner.committed else {
            return nil
        }
        guard base.state.continues(state) else {
            contradict(in: base.slot, by: sender)
            return nil
        }
        installing = Installing(base: base, deliverable: deliverable)
        note(base.ballot)
        acceptor.install(base, output: &output)
        learner.install(through: base.slot)
        yieldToPromise()
        // What it proposes may lie below; somebody leads who has it all.
        if leader != nil { stepDown(.behind) }
        noteLearned()
        return base
    }

    /// The base is durable if that is what was: from now on this node speaks of what lies up to there.
    mutating func finishInstalling(_ installed: Slot?) -> Base? {
        guard let installed, let base = installing?.base, base.slot == installed else { return nil }
        installing = nil
        horizon = Horizon(at: base.slot, limits: limits)
        pass(PrefixMark(slot: base.slot, digest: base.prefix))
        tell(.tookBase(base.slot))
        return base
    }
}
