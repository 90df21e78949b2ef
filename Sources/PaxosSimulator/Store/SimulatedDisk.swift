package import PaxosCore

/// What is durable in a simulated data directory: changed by whole transactions only. A value, so that a
/// copy of it is a backup.
package struct SimulatedDisk: Sendable {
    package let incarnation: Incarnation
    package private(set) var boot = Boot.never
    package private(set) var promised = Ballot.zero
    package private(set) var lastRound: UInt64 = 0
    package private(set) var committed = Slot.zero
    package private(set) var checkpoint = Checkpoint.empty
    /// Every row up to here was deleted on purpose.
    package private(set) var trimmed = Slot.zero
    /// What the log did up to there, or up to the end of the batch there.
    package private(set) var base: Base?
    /// The members it was opened with.
    private var membership: Membership?
    /// How many transactions there were, in all files that the directory ever had.
    package var writes: UInt64 { writeOffset + transactions }
    /// Kept in the identity.
    private var writeOffset: UInt64 = 0
    /// Of this file, by the database's own count.
    private var transactions: UInt64 = 0
    package private(set) var openings: [Opening] = []
    package private(set) var rolledBack: RolledBack?
    /// In ascending order of node.
    package private(set) var peers: [PeerRecord] = []
    package private(set) var cursors: [CursorRecord] = []
    package private(set) var ineffective: [Slot] = []
    /// Slots whose row is there and is not what was written.
    package private(set) var rotten: [Slot] = []
    /// The row of slot n + 1 stands at n.
    private var rows: [AcceptedEntry?] = []
    /// Every slot up to here has a row.
    package private(set) var wholeThrough = Slot.zero

    package init(incarnation: Incarnation) {
        self.incarnation = incarnation
    }

    package subscript(slot: Slot) -> AcceptedEntry? {
        slot > .zero && slot.rawValue <= UInt64(rows.count) ? rows[Int(slot.rawValue) - 1] : nil
    }

    /// The highest slot with a row.
    package var last: Slot { Slot(rawValue: UInt64(rows.count)) }

    /// Nothing that anybody could rely on was ever written.
    package var isBlank: Bool { promised == .zero && rows.isEmpty }

    /// Opens the directory: what a node finds, with its boot counted durably; `nil` if a row above the
    /// watermark has rotted, which a store refuses at open.
    package mutating func open(
        cluster: ClusterID,
        node: NodeID,
        membership: Membership,
        nonce: Nonce
    ) -> RecoveredState? {
        boot = boot.next
        self.membership = membership
        transactions += 1
        let own = Opening(
            process: ProcessID(boot: boot, nonce: nonce),
            write: WriteNumber(writes)
        )
        guard let extended = Lineage.extended(openings, by: own) else { return nil }
        openings = extended
        let committed = committed
        guard !rotten.contains(where: { $0 > committed }) else { return nil }
        var state = RecoveredState(
            cluster: cluster,
            node: node,
            incarnation: incarnation,
            membership: membership,
            boot: boot,
            promised: promised,
            lastRound: lastRound,
            committed: committed,
            trimmed: trimmed,
            accepted: rows.dropFirst(Int(committed.rawValue)).compactMap { $0 },
            checkpoint: checkpoint,
            peers: peers,
            nonce: nonce,
            openings: openings,
            secret: DirectorySecret(first: incarnation.high, second: incarnation.low),
            rolledBack: rolledBack
        )
        if let base { state.base = base }
        state.cursors = cursors
        return state
    }

    /// Whoever holds this of the node knows by it, for good, that what goes on from this directory is a copy.
    package func isContradicted(by record: PeerRecord) -> Bool {
        guard record.incarnation == incarnation else { return false }
        if record.boot != boot { return record.boot > boot }
        return record.nonce != openings.last?.process.nonce || record.heard.rawValue > writes
    }

    /// Makes a new file of the same rows: the database counts from one again, and the offset goes on from where
    /// the file before stood, if whoever rewrites it knows of it.
    package mutating func rewrite(isCounted: Bool) {
        writeOffset = isCounted ? writes : 0
        transactions = 0
    }

    /// Flips a bit in a row.
    package mutating func rot(_ slot: Slot) {
        if slot > trimmed, !rotten.contains(slot) { rotten.append(slot) }
    }

    /// The record of a peer, if the two have met.
    package func record(of node: NodeID) -> PeerRecord? { peers.first { $0.node == node } }

    // MARK: - A transaction

    /// Applies one transaction and says what may not be written.
    package mutating func apply(_ write: WriteRows) throws(Violation) {
        transactions += 1
        rolledBack = rolledBack ?? write.rolledBack
        if let floor = write.prunesBelow {
            openings = Lineage.kept(of: openings, from: floor)
        }
        if let promised = write.promised {
            try demand(
                promised >= self.promised,
                .promise,
                "\(self.promised) was promised, \(promised) is written"
            )
            self.promised = promised
        }
        if let round = write.lastRound {
            try demand(
                round > lastRound,
                .ballot,
                "round \(round) is written after \(lastRound) (R4)"
            )
            lastRound = round
        }
        for accepted in write.accepted { try apply(accepted) }
        if let base = write.base { try install(base) }
        if let committed = write.committed {
            try demand(
                committed > self.committed,
                .store,
                "the watermark \(committed) is written after \(self.committed)"
            )
            try demand(
                committed <= wholeThrough,
                .store,
                "the watermark \(committed) is ahead of the rows, which end at \(wholeThrough)"
            )
            self.committed = committed
        }
        if let checkpoint = write.checkpoint {
            try demand(
                (self.checkpoint.slot...committed).contains(checkpoint.slot),
                .store,
                "the checkpoint \(checkpoint.slot) is outside \(self.checkpoint.slot)...\(committed)"
            )
            self.checkpoint = checkpoint
        }
        if let cursors = write.cursors {
            try demand(
                cursors.allSatisfy { $0.slot <= committed },
                .store,
                "a cursor is written that is ahead of the watermark \(committed)"
            )
            self.cursors = cursors
        }
        for peer in write.peers { try put(peer) }
        ineffective.append(contentsOf: write.ineffective)
        if let base = write.base {
            try demand(
                committed >= base.slot && checkpoint.slot >= base.slot,
                .store,
                "the base of \(base.slot) is written beside the watermark \(committed) and the checkpoint "
                    + "\(checkpoint.slot) (R44)"
            )
        } else if let trimmed = write.trimmed {
            try trim(through: trimmed)
        }
    }

    private mutating func trim(through slot: Slot) throws(Violation) {
        try demand(
            slot > trimmed && slot <= committed && slot <= checkpoint.slot,
            .store,
            "the trim point \(slot) is written after \(trimmed), beside the watermark "
                + "\(committed) and the checkpoint \(checkpoint.slot) (R78)"
        )
        if membership != nil {
            let made = replayed(towards: slot)
            try demand(made != nil, .store, "slot \(slot) is trimmed undecided (R43)")
            base = made
        }
        forget(through: slot)
    }

    /// What the log did up to a slot, or the end of the batch there, if the rows tell.
    private func replayed(towards slot: Slot) -> Base? {
        guard let founding = membership.map(Base.founding) else { return nil }
        var replay = BaseReplay(from: base ?? founding)
        while replay.decided < slot, let row = self[replay.next] {
            replay.feed(row, towards: slot)
        }
        return replay.decided >= slot ? replay.base : nil
    }

    /// What the log did up to a slot, which is not in the middle of a batch.
    func base(through slot: Slot) -> Base? {
        guard slot >= base?.slot ?? .zero, let made = replayed(towards: slot), made.slot == slot
        else { return nil }
        return made
    }

    private mutating func forget(through slot: Slot) {
        while rows.count < Int(slot.rawValue) { rows.append(nil) }
        for place in Int(trimmed.rawValue)..<Int(slot.rawValue) { rows[place] = nil }
        trimmed = slot
        ineffective.removeAll { $0 <= slot }
        rotten.removeAll { $0 <= slot }
    }

    private mutating func install(_ base: Base) throws(Violation) {
        try demand(
            base.slot > trimmed && base.slot > committed,
            .store,
            "the base of \(base.slot) is written after \(trimmed), beside the watermark \(committed) (R44)"
        )
        try demand(
            promised >= base.ballot,
            .promise,
            "\(promised) is promised beside a base of slots chosen under \(base.ballot) (R43)"
        )
        forget(through: base.slot)
        self.base = base
        wholeThrough = max(wholeThrough, base.slot)
        while self[wholeThrough.next] != nil { wholeThrough = wholeThrough.next }
    }

    private mutating func apply(_ accepted: AcceptedRun) throws(Violation) {
        try demand(
            accepted.ballot <= promised || accepted.isChosen,
            .promise,
            "\(accepted.run.slots) is accepted under \(accepted.ballot) above the promise (R2)"
        )
        var slot = accepted.run.first
        for entry in accepted.run.entries {
            try put(
                AcceptedEntry(
                    slot: slot,
                    ballot: accepted.ballot,
                    entry: entry,
                    isChosen: accepted.isChosen
                )
            )
            slot = slot.next
        }
        while self[wholeThrough.next] != nil { wholeThrough = wholeThrough.next }
    }

    private mutating func put(_ row: AcceptedEntry) throws(Violation) {
        try demand(
            row.slot > committed || self[row.slot]?.entry == row.entry,
            .store,
            "the committed row \(row.slot) is written again"
        )
        if let present = self[row.slot] {
            try demand(
                !present.isChosen || present.entry == row.entry,
                .store,
                "the chosen row \(row.slot) changes its entry"
            )
            try demand(
                row.isChosen || row.ballot >= present.ballot,
                .store,
                "the row \(row.slot) falls from \(present.ballot) to \(row.ballot)"
            )
            try demand(
                row.isChosen || row.ballot > present.ballot || row.entry == present.entry,
                .ballot,
                "the row \(row.slot) changes its entry under \(row.ballot)"
            )
        }
        while rows.count < Int(row.slot.rawValue) { rows.append(nil) }
        rows[Int(row.slot.rawValue) - 1] = row
        rotten.removeAll { $0 == row.slot }
    }

    private mutating func put(_ peer: PeerRecord) throws(Violation) {
        guard let place = peers.firstIndex(where: { $0.node >= peer.node }) else {
            peers.append(peer)
            return
        }
        guard peers[place].node == peer.node else {
            peers.insert(peer, at: place)
            return
        }
        try demand(
            peers[place].incarnation == peer.incarnation && peers[place].boot <= peer.boot
                && (peer.isMutual || !peers[place].isMutual)
                && peers[place].heard <= peer.heard,
            .store,
            "the record of \(peer.node) falls or changes its incarnation"
        )
        peers[place] = peer
    }

    // MARK: - Reading

    /// Serves a read as a store does: until about `maxBytes` of payload, but at least one row.
    /// `visible` are transactions that readers see though their flush has not returned.
    package func read(
        _ request: ReadRequest,
        visible: [WriteRows] = []
    ) -> Result<RowPage, ReadFailure> {
        var found: [AcceptedEntry] = []
        var bytes = 0
        let bases = visible.compactMap(\.base)
        let trimmed = (visible.compactMap(\.trimmed) + bases.map(\.slot)).reduce(trimmed, max)
        if request.slots.lowerBound <= trimmed {
            return .failure(.trimmed(through: trimmed, base: bases.last ?? base))
        }
        let end = visible.flatMap(\.accepted).map(\.run.last).reduce(last, max)
        var slot = request.slots.lowerBound
        while slot <= min(request.slots.upperBound, end) {
            if rotten.contains(slot) { return .failure(.unreadable(slot)) }
            if let row = Self.row(slot, in: visible) ?? self[slot] {
                if !found.isEmpty, bytes + row.entry.payloadBytes > request.maxBytes {
                    return .success(page(found, request, through: slot.previous))
                }
                found.append(row)
                bytes += row.entry.payloadBytes
            }
            slot = slot.next
        }
        return .success(page(found, request, through: request.slots.upperBound))
    }

    private func page(
        _ rows: [AcceptedEntry],
        _ request: ReadRequest,
        through: Slot
    ) -> RowPage {
        let first = request.slots.lowerBound
        return RowPage(
            rows: rows,
            through: through,
            ineffective: ineffective.filter { $0 >= first && $0 <= through }
        )
    }

    private static func row(_ slot: Slot, in visible: [WriteRows]) -> AcceptedEntry? {
        for rows in visible.reversed() {
            for accepted in rows.accepted.reversed() where accepted.run.slots.contains(slot) {
                let entry = accepted.run.entries[Int(slot.rawValue - accepted.run.first.rawValue)]
                return AcceptedEntry(
                    slot: slot,
                    ballot: accepted.ballot,
                    entry: entry,
                    isChosen: accepted.isChosen
                )
            }
        }
        return nil
    }
}
