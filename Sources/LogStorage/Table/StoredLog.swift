internal import LMDB
internal import LogWire
internal import PaxosCore
internal import Platform

/// What a directory holds, read and checked before anything of it is trusted.
struct StoredLog {
    /// The rows that are there without a hole, from the checkpoint on.
    let present: SlotPrefix
    /// From the lowest slot with a row to the highest, if a base has left some behind at or below the trim point.
    let left: ClosedRange<Slot>?
    /// Where the table of those without effect ends.
    let ineffective: IneffectiveEnd
    let livePages: Int

    /// Why it cannot be trusted.
    enum Finding: Error, Equatable {
        case corrupt(String)
        case unreadable(Slot)
    }

    /// What lies behind the small values.
    static func read<Access>(
        _ txn: borrowing Transaction<Access>,
        _ tables: Schema.Tables,
        cluster: ClusterID,
        _ state: inout RecoveredState
    ) throws(LMDBError) -> Result<StoredLog, Finding> {
        let pages = try tables.livePages(txn)
        let end = try ineffectiveEnd(txn, tables, cluster: cluster, trimmed: state.trimmed)
        var left: ClosedRange<Slot>?
        if let first = try txn.firstKey(in: tables.accepted), first <= state.trimmed.rawValue,
            let last = try txn.lastKey(in: tables.accepted)
        {
            left = Slot(rawValue: first)...Slot(rawValue: last)
        }
        let present = try verifyRows(txn, tables, cluster: cluster, &state)
        return end.flatMap { end in
            present.map {
                StoredLog(present: $0, left: left, ineffective: end, livePages: pages)
            }
        }
    }

    // MARK: - Identity

    /// Whose the directory is. Before anything else is believed: a foreign or newer directory need not
    /// have anything else in the place where this version looks (`R36`, `R65`).
    static func identity<Access>(
        _ txn: borrowing Transaction<Access>,
        in state: BytesDatabase
    ) throws(LMDBError) -> DirectoryIdentity.Reading {
        let bytes = try txn.get(Schema.identityKey, in: state) { [UInt8](copying: $0) }
        return bytes.map(DirectoryIdentity.read) ?? .foreign
    }

    // MARK: - State

    static func state<Access>(
        _ txn: borrowing Transaction<Access>,
        _ tables: Schema.Tables,
        _ identity: DirectoryIdentity
    ) throws(LMDBError) -> Result<RecoveredState, Finding> {
        var values: [StateName: [UInt8]] = [:]
        for name in StateName.allCases {
            values[name] = try txn.get(name.key, in: tables.state) { [UInt8](copying: $0) }
        }
        return state(values, identity)
    }

    static func state(
        _ values: [StateName: [UInt8]],
        _ identity: DirectoryIdentity
    ) -> Result<RecoveredState, Finding> {
        let coding = StateCoding(cluster: identity.cluster)
        func number(_ name: StateName) -> UInt64? {
            values[name].flatMap { coding.number($0, name) }
        }
        guard let promised = values[.promised].flatMap({ coding.ballot($0, .promised) }) else {
            return .failure(.corrupt("the promised ballot"))
        }
        guard let lastRound = number(.lastRound) else {
            return .failure(.corrupt("the last round"))
        }
        guard let boot = number(.boot), boot < .max else { return .failure(.corrupt("the boot")) }
        guard let committed = number(.committed), committed < Slot.limit.rawValue else {
            return .failure(.corrupt("the commit watermark"))
        }
        guard let trimmed = number(.trimmed), trimmed <= committed else {
            return .failure(.corrupt("the trim point"))
        }
        let base = values[.base].flatMap { coding.open($0, .base) }.flatMap { Base(decoding: $0) }
        guard let base, (trimmed...committed).contains(base.slot.rawValue) else {
            return .failure(.corrupt("what the log did up to the trim point"))
        }
        guard let left = number(.left) else {
            return .failure(.corrupt("how much a base has left behind"))
        }
        guard
            let checkpoint = values[.checkpoint].flatMap({ coding.open($0, .checkpoint) })
                .flatMap({ Checkpoint(decoding: $0) }),
            (trimmed...committed).contains(checkpoint.slot.rawValue)
        else { return .failure(.corrupt("the checkpoint")) }
        // Made by one function of the same rows: where they stand at one slot they are one.
        guard base.slot < checkpoint.slot || base.checkpoint == checkpoint else {
            return .failure(.corrupt("the checkpoint, or what the log did up to the trim point"))
        }
        let peers = values[.peers].flatMap { coding.open($0, .peers) }.flatMap(PeerRecord.decode)
        guard let peers else { return .failure(.corrupt("what is known of the peers")) }
        let cursors = values[.cursors].flatMap { coding.open($0, .cursors) }
            .flatMap(CursorRecord.decode)
        guard let cursors, cursors.allSatisfy({ $0.slot.rawValue <= committed }) else {
            return .failure(.corrupt("how far consumers have come"))
        }
        let openings = values[.lineage].flatMap { coding.open($0, .lineage) }
            .flatMap(Opening.decode)
        guard let openings, openings.last?.process.boot ?? .never == Boot(boot) else {
            return .failure(.corrupt("the lineage"))
        }
        let latch = values[.latch].flatMap { coding.open($0, .latch) }
            .flatMap(RolledBack.decode)
        guard let latch else { return .failure(.corrupt("whether it is an old copy")) }
        var state = RecoveredState(
            cluster: identity.cluster,
            node: identity.node,
            incarnation: identity.incarnation,
            membership: identity.membership,
            boot: Boot(boot),
            promised: promised,
            lastRound: lastRound,
            committed: Slot(rawValue: committed),
            trimmed: Slot(rawValue: trimmed),
            checkpoint: checkpoint,
            peers: peers,
            nonce: openings.last?.process.nonce ?? Nonce(0),
            openings: openings,
            secret: identity.secret,
            rolledBack: latch.found
        )
        state.base = base
        state.leftBehind = left
        state.cursors = cursors
        return .success(state)
    }

    // MARK: - Rows

    /// The lowest slot whose row an opening reads.
    static func firstReplayed(_ state: RecoveredState) -> Slot {
        max(state.trimmed, min(state.checkpoint.slot, state.committed)).next
    }

    /// Reads every row that will be replayed or repeated: above the checkpoint, or the watermark if that
    /// is lower. One that is not what was written refuses the directory (`R34`), and so does one that
    /// is missing up to the watermark. What lies below is checked when it is read, so that the cost of
    /// an opening does not grow with the log.
    ///
    /// Above the watermark a missing row is legal, and a leaf whose last write was lost looks as it did
    /// before, without the rows it was written for: they would pass for "not accepted" (`R35`). What the
    /// table counts, in another page, tells.
    static func verifyRows<Access>(
        _ txn: borrowing Transaction<Access>,
        _ tables: Schema.Tables,
        cluster: ClusterID,
        _ state: inout RecoveredState
    ) throws(LMDBError) -> Result<SlotPrefix, Finding> {
        let start = firstReplayed(state).previous
        let coding = RowCoding(cluster: cluster)
        var present = SlotPrefix(through: start)
        var unreadable: Slot?
        var run: ClosedRange<Slot>?
        var accepted: [AcceptedEntry] = []
        var found = 0
        try txn.forEachRow(in: tables.accepted, from: start.next.rawValue) { key, value in
            found += 1
            let slot = Slot(rawValue: key)
            guard slot < .limit, let row = value.withUnsafeBytes({ coding.decode($0, slot: slot) })
            else {
                unreadable = slot
                return false
            }
            if slot > state.committed { accepted.append(row) }
            if let before = run, before.upperBound.next == slot {
                run = before.lowerBound...slot
            } else {
                if let before = run { present.insert(before) }
                run = slot...slot
            }
            return true
        }
        if let unreadable { return .failure(.unreadable(unreadable)) }
        if let run { present.insert(run) }
        guard state.committed <= present.through else {
            return .failure(.unreadable(present.through.next))
        }
        let counted = try txn.count(in: tables.accepted)
        // What a base has left behind is counted too: by its number, since it has holes.
        let below = Int(clamping: state.leftBehind &+ (start.rawValue - state.trimmed.rawValue))
        guard counted >= found, counted - found <= below else {
            let rows = "\(counted) rows are counted, \(found) found from slot \(start.next) on"
            return .failure(.corrupt(rows))
        }
        state.accepted = accepted
        return .success(present)
    }

    /// Where the table of slots without effect ends. A last row in another place, or one that is not the
    /// last, would have effect given to what has none.
    static func ineffectiveEnd<Access>(
        _ txn: borrowing Transaction<Access>,
        _ tables: Schema.Tables,
        cluster: ClusterID,
        trimmed: Slot
    ) throws(LMDBError) -> Result<IneffectiveEnd, Finding> {
        let table = tables.ineffective
        let coding = IneffectiveCoding(cluster: cluster)
        func end(before key: UInt64) throws(LMDBError) -> IneffectiveEnd? {
            let slot = Slot(rawValue: key)
            let before = try txn.get(key, in: table) { row in
                row.withUnsafeBytes { coding.end(before: $0, of: slot) }
            }
            return before ?? nil
        }
        let counted = UInt64(try txn.count(in: table))
        guard let first = try txn.firstKey(in: table), let last = try txn.lastKey(in: table) else {
            return counted == 0
                ? .success(IneffectiveEnd())
                : .failure(.corrupt("slots without effect are missing"))
        }
        guard let before = try end(before: last), let pruned = try end(before: first) else {
            return .failure(.corrupt("the first or last slot without effect"))
        }
        // Those before the first were trimmed.
        guard before.count &+ 1 &- pruned.count == counted, pruned.slot <= trimmed else {
            return .failure(.corrupt("slots without effect are missing"))
        }
        return .success(IneffectiveEnd(slot: Slot(rawValue: last), count: before.count &+ 1))
    }
}

extension [UInt8] {
    init(copying bytes: RawSpan) {
        self = bytes.withUnsafeBytes { [UInt8]($0) }
    }
}
