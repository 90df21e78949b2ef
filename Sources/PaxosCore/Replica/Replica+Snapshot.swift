/// The host's snapshot comes behind the base of the same slot, as the file that it is: a piece after the other, each
/// asked for by itself, and again only when it is lost (`R83`). The folder of snapshots holds what has come; here is
/// no more than the piece that is being written and the one that has come meanwhile.
///
/// What has come is used again, whoever asks for the rest, and also by a later process: a name stands for the same
/// bytes everywhere. The base is installed once the file is whole, verified, flushed and has its name, and not before
/// (`R42`); what it then says of the log comes with one write, as without a snapshot.
extension Replica {
    /// A piece is being read for a member.
    struct SnapshotRead {
        let id: ReadID
        let node: NodeID
        /// What it asked for; and what it has asked for last.
        let read: SnapshotRequest
        var request: SnapshotRequest
        /// Asked behind the request, and answered behind the piece.
        var probe: UInt64?
    }

    /// A member has taken what it was given, and reads on behind it.
    struct ReadingOn {
        let node: NodeID
        /// It has every slot up to there.
        var slot: Slot
        /// When it asked for the first.
        let at: Tick
    }

    /// A snapshot on its way here.
    struct ArrivingSnapshot {
        let base: Base
        let name: SnapshotName
        let bytes: UInt64
        /// Who has given the base.
        let giver: NodeID
        /// When something of it came last.
        var at: Tick
        /// So much has come; `nil` until the folder has told what was here.
        var end: UInt64?
        /// What the folder is at.
        var task: ReadID?
        /// Has come while the folder was at the piece before.
        var held: [UInt8]?
        /// The next piece was asked for.
        var isAsked = false

        /// True while it is the folder's turn, and nobody else's.
        var isAtWork: Bool { task != nil && !isAsked }

        /// Asks for the next piece, if there is one and room for it.
        var request: SnapshotRequest? {
            guard let end, end < bytes, held == nil else { return nil }
            return SnapshotRequest(name: name, offset: end)
        }
    }

    // MARK: - Whoever gives

    mutating func receive(_ request: SnapshotRequest, from sender: NodeID, output: inout Output) {
        guard installing == nil else { return }
        noteGiving(request, to: sender, output: &output)
        if let place = snapshotReads.firstIndex(where: { $0.node == sender }) {
            // What it asks for is read already, or comes next.
            snapshotReads[place].request = request
            return
        }
        read(request, for: sender, output: &output)
    }

    private mutating func read(
        _ request: SnapshotRequest,
        for node: NodeID,
        probe: UInt64? = nil,
        output: inout Output
    ) {
        let id = makeReadID()
        snapshotReads.append(
            SnapshotRead(id: id, node: node, read: request, request: request, probe: probe)
        )
        let maxBytes = max(limits.pageBytes, Self.leastPiece)
        output.snapshots.append(
            SnapshotTask(
                id: id,
                work: .read(request.name, offset: request.offset, maxBytes: maxBytes)
            )
        )
    }

    private mutating func give(_ bytes: [UInt8], of id: ReadID, output: inout Output) -> Bool {
        guard let place = snapshotReads.firstIndex(where: { $0.id == id }) else { return false }
        let read = snapshotReads.remove(at: place)
        guard read.read == read.request else {
            self.read(read.request, for: read.node, probe: read.probe, output: &output)
            return true
        }
        let (name, offset) = (read.read.name, read.read.offset)
        if bytes.isEmpty { forgetGiven(to: read.node, but: nil, output: &output) }
        output.send(
            .snapshotPiece(SnapshotPiece(name: name, offset: offset, bytes: bytes)),
            to: read.node
        )
        if let probe = read.probe { answer(probe, of: read.node, output: &output) }
        return true
    }

    private mutating func noteGiving(
        _ request: SnapshotRequest,
        to node: NodeID,
        output: inout Output
    ) {
        guard
            let place = giving.firstIndex(where: { $0.node == node && $0.name == request.name })
        else {
            forgetGiven(to: node, but: request.name, output: &output)
            giving.append(
                Giving(node: node, name: request.name, furthest: request.offset, at: now)
            )
            return
        }
        guard request.offset > giving[place].furthest else { return }
        giving[place].furthest = request.offset
        giving[place].at = now
    }

    /// A member asks for rows behind what it was given, or has them.
    mutating func forgetGiven(to node: NodeID, behind slot: Slot, output: inout Output) {
        if let place = readingOn.firstIndex(where: { $0.node == node }) {
            readingOn[place].slot = max(readingOn[place].slot, slot.previous)
        }
        guard
            let given = giving.first(where: { $0.node == node }),
            given.name?.slot ?? given.base?.slot ?? .zero < slot
        else { return }
        if given.base != nil {
            readingOn.removeAll { $0.node == node }
            readingOn.append(ReadingOn(node: node, slot: slot.previous, at: now))
        }
        forgetGiven(to: node, but: nil, output: &output)
    }

    func isGiving(_ name: SnapshotName) -> Bool { giving.contains { $0.name == name } }

    /// What a member was given is over; the file is let go of, unless it is given to somebody still, or is `next`.
    mutating func forgetGiven(to node: NodeID, but next: SnapshotName?, output: inout Output) {
        guard let place = giving.firstIndex(where: { $0.node == node }) else { return }
        guard let name = giving.remove(at: place).name, name != next, !isGiving(name) else {
            return
        }
        output.snapshots.append(SnapshotTask(id: makeReadID(), work: .letGo(name)))
    }

    /// How many election timeouts a member is waited for that asks for nothing more: at its end it reads all of the file
    /// back before it goes on, and it may be started again meanwhile.
    private static let patience: UInt64 = 200

    /// How many election timeouts what a member reads is kept for it behind its first request: by then whoever leads has
    /// heard how far its disk is, and has told all others, who keep what lies above by themselves. And no longer: who
    /// reads too slowly is given up as anybody else (`R46`).
    private static let parting: UInt64 = 8

    /// Who was given something and has not come farther for long is not waited for (`R46`).
    mutating func forgetGivenInVain(output: inout Output) {
        if !readingOn.isEmpty {
            let end = Self.parting * limits.electionTicks
            readingOn.removeAll { now >= $0.at.advanced(by: end) }
        }
        let patience = Self.patience * limits.electionTicks
        while let given = giving.first(where: { now >= $0.at.advanced(by: patience) }) {
            forgetGiven(to: given.node, but: nil, output: &output)
        }
    }

    /// This node's log is kept above what it gives a snapshot of: else whoever has taken all of it would have to
    /// begin again with the next (`R45`). And above what whoever has taken it reads then.
    var keepsAboveGiven: Slot {
        let read = readingOn.reduce(Slot.limit) { min($0, $1.slot) }
        return giving.reduce(read) { lowest, given in
            given.base == nil ? lowest : min(lowest, given.name?.slot ?? .limit)
        }
    }

    // MARK: - Whoever takes

    /// A base has come, and behind it comes a snapshot.
    mutating func fetch(
        _ snapshot: OfferedBase.Snapshot,
        behind base: Base,
        from giver: NodeID,
        output: inout Output
    ) {
        let name = SnapshotName(slot: base.slot, digest: snapshot.digest)
        let id = makeReadID()
        begun = name
        fetching = ArrivingSnapshot(
            base: base,
            name: name,
            bytes: snapshot.bytes,
            giver: giver,
            at: now,
            task: id
        )
        output.snapshots.append(
            SnapshotTask(id: id, work: .begin(name, bytes: snapshot.bytes))
        )
    }

    /// Asks a member for the next piece, in the place of the rows that it was asked for, unless the folder is at work.
    mutating func requestSnapshot(of member: NodeID, output: inout Output) {
        guard let request = fetching?.request, learner.goOn(with: member, at: now) else { return }
        fetching?.isAsked = true
        output.send(.snapshotRequest(request), to: member)
    }

    /// How long whoever has given a base is waited for, if another has not got the snapshot behind it.
    private static func loyalty(_ limits: Limits) -> UInt64 { 32 * limits.electionTicks }

    /// A late piece is as good as one in time, whoever was asked. One of another snapshot, or that is not the next,
    /// is dropped.
    mutating func receive(_ piece: SnapshotPiece, from sender: NodeID, output: inout Output) {
        noteAnswer(from: sender)
        guard let arriving = fetching, arriving.name == piece.name, installing == nil else {
            return
        }
        let isAsked = learner.catchUp?.asked == sender
        guard arriving.name.slot > learner.committed else {
            fetching = nil
            return
        }
        if piece.bytes.isEmpty {
            guard isAsked, arriving.isAsked, arriving.request?.offset == piece.offset else {
                return
            }
            // Whoever has given the base has the rest, and is waited for: from another that has none a base would come
            // without it, and of one that has a later one everything once more.
            guard sender == arriving.giver || now >= arriving.at.advanced(by: Self.loyalty(limits))
            else {
                fetching?.isAsked = false
                learner.refuseCatchUp(until: now.advanced(by: max(1, limits.electionTicks / 2)))
                return
            }
            // Whoever is asked has another one by now, or none.
            fetching = nil
            requestBase(of: sender, output: &output)
            return
        }
        guard let request = arriving.request, request.offset == piece.offset,
            UInt64(piece.bytes.count) <= arriving.bytes - piece.offset
        else { return }
        fetchedBytes += UInt64(piece.bytes.count)
        role.candidate?.extend(now: now, limits: limits)
        fetching?.at = now
        fetching?.end = piece.offset + UInt64(piece.bytes.count)
        fetching?.held = piece.bytes
        fetching?.isAsked = false
        goOnFetching(output: &output)
    }

    /// The folder has done what it was asked for.
    mutating func receive(_ completion: SnapshotCompletion, output: inout Output) {
        switch completion.result {
        case .offer(let offer):
            _ = giveBase(offer, of: completion.id, output: &output)
            return
        case .piece(let bytes):
            _ = give(bytes, of: completion.id, output: &output)
            return
        case .failed: giveNothing(for: completion.id, output: &output)
        case .begun, .written, .finished, .damaged: break
        }
        guard let arriving = fetching, arriving.task == completion.id else { return }
        fetching?.task = nil
        switch completion.result {
        case .begun(let through): fetching?.end = min(through, arriving.bytes)
        case .finished:
            fetching = nil
            begun = nil
            arrivedBase = (arriving.base, arriving.giver)
            return
        case .damaged, .failed:
            if completion.result == .damaged { begun = nil }
            fetching = nil
            // Asked for at once it would go the same way.
            learner.refuseCatchUp(until: now.advanced(by: limits.electionTicks))
            return
        default: break
        }
        goOnFetching(output: &output)
    }

    /// Hands to the folder what has come, and asks for what follows while it is at that.
    private mutating func goOnFetching(output: inout Output) {
        guard let arriving = fetching, let end = arriving.end else { return }
        if arriving.task == nil {
            var work: SnapshotTask.Work?
            if let held = arriving.held {
                let offset = end - UInt64(held.count)
                work = .write(arriving.name, offset: offset, bytes: held)
            } else if end == arriving.bytes {
                work = .finish(arriving.name, arriving.base)
            }
            if let work {
                let id = makeReadID()
                fetching?.task = id
                fetching?.held = nil
                output.snapshots.append(SnapshotTask(id: id, work: work))
            }
        }
        guard fetching?.isAsked == false, let asked = learner.catchUp?.asked else { return }
        requestSnapshot(of: asked, output: &output)
    }
}
