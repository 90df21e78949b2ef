internal import LMDB
package import LogWire
package import PaxosCore
internal import Platform

// A backup, byte for byte, is a data directory (Schema.swift, SnapshotFormat.swift) whose identity says that it is
// one. It holds rows, not pages: each was read, checked, decided once more and written anew. So rot is found while
// the members that could replace it live, and a copy takes no room but its rows'.

/// A log that is made of another's rows: a backup of it, or the log of a new cluster.
///
/// Made aside and renamed when it is whole, durable and read back: whatever was cut off leaves no part of it under
/// its name (`R32`). Blocking; one thread at a time.
package struct LogCopy: ~Copyable {
    private let place: Aside
    private let identity: DirectoryIdentity
    private let source: RecoveredState
    private let committed: Slot
    private let storage: StorageOptions
    private let isCancelled: @Sendable () -> Bool
    private let environment: Environment
    private let tables: Schema.Tables
    private let coding: RowCoding
    private let ineffectiveCoding: IneffectiveCoding

    private var delivery: Delivery
    private var last: Slot
    private var ineffective = IneffectiveEnd()
    /// Of the rows and of what was promised.
    private var highest: Ballot
    /// The last boot of the new member that any token names.
    private var boot: Boot

    /// Begins a copy.
    ///
    /// - Parameters:
    ///   - source: What is copied: whose the log is, what was promised, and what the log did up to its base, behind
    ///     which the rows begin.
    ///   - committed: Every slot up to here is chosen, and must be there.
    ///   - identity: Whose the copy is: a backup's, or that of a new cluster's only member.
    package init(
        of source: RecoveredState,
        committed: Slot,
        as identity: DirectoryIdentity,
        at directory: String,
        storage: StorageOptions,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(LogCopyError) {
        let place = Aside(NewDirectory(directory))
        let environment = try Self.open(place.directory, storage)
        tables = try Self.tables(in: environment, place.directory)
        self.environment = environment
        self.place = place
        self.identity = identity
        self.source = source
        self.committed = committed
        self.storage = storage
        self.isCancelled = isCancelled
        coding = RowCoding(cluster: identity.cluster)
        ineffectiveCoding = IneffectiveCoding(cluster: identity.cluster)
        delivery = Delivery(resuming: source.base.checkpoint)
        last = source.base.slot
        highest = max(source.promised, source.base.ballot)
        boot = source.base.state.lastBoot(of: identity.node)
        if source.node == identity.node { boot = max(boot, source.boot) }
    }

    private static func open(
        _ place: NewDirectory,
        _ storage: StorageOptions
    ) throws(LogCopyError) -> Environment {
        FileLimit.ignoreSignal()
        do throws(LogCreateError) {
            if let invalid = storage.invalidity { throw .invalidStorage(invalid) }
            try place.prepare(storage)
            return try place.open(storage)
        } catch {
            throw .destination(error)
        }
    }

    private static func tables(
        in environment: borrowing Environment,
        _ place: NewDirectory
    ) throws(LogCopyError) -> Schema.Tables {
        do throws(TransactionError<LMDBError>) {
            return try Schema.Tables(makingIn: environment)
        } catch {
            throw .destination(place.refusal(error))
        }
    }

    /// The slot from which the next rows are to come.
    package var next: Slot { last.next }

    // MARK: - Rows

    /// Takes the next rows, in slot order.
    package mutating func add(_ rows: [AcceptedEntry]) throws(LogCopyError) {
        if isCancelled() { throw .cancelled }
        var found: [Slot] = []
        for row in rows {
            guard last < committed ? row.slot == last.next : row.slot > last else {
                throw .unreadable(last.next)
            }
            last = row.slot
            try decide(row, &found)
            highest = max(highest, row.ballot)
            if let token = row.entry.token, token.node == identity.node {
                boot = max(boot, token.boot)
            }
        }
        do throws(TransactionError<LMDBError>) {
            try write(rows, ineffective: found)
        } catch {
            throw .destination(place.directory.refusal(error))
        }
    }

    private mutating func decide(
        _ row: AcceptedEntry,
        _ found: inout [Slot]
    ) throws(LogCopyError) {
        if !identity.isBackup, case .membership = row.entry { throw .membership(row.slot) }
        guard row.slot <= committed else { return }
        delivery.feed(row.entry) { decision in
            if decision.effect != .effective { found.append(decision.slot) }
        }
        if delivery.delivered == source.checkpoint.slot, delivery.checkpoint != source.checkpoint {
            throw .contradicted(at: row.slot)
        }
    }

    private mutating func write(
        _ rows: [AcceptedEntry],
        ineffective found: [Slot]
    ) throws(TransactionError<LMDBError>) {
        guard !rows.isEmpty else { return }
        let (coding, tables, ineffectiveCoding) = (coding, tables, ineffectiveCoding)
        let ballots = rows.map { ballot($0.ballot) }
        var end = ineffective
        try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
            for (row, ballot) in zip(rows, ballots) {
                try txn.reserve(
                    RowCoding.byteCount(of: row.entry),
                    for: row.slot.rawValue,
                    in: tables.accepted,
                    mode: .append
                ) { room in
                    room.withUnsafeMutableBytes { bytes in
                        coding.encode(
                            row.entry,
                            ballot: ballot,
                            isChosen: row.isChosen,
                            slot: row.slot,
                            into: bytes
                        )
                    }
                }
            }
            for slot in found {
                let row = ineffectiveCoding.encode(slot, after: end)
                try txn.put(row, for: slot.rawValue, in: tables.ineffective)
                end = IneffectiveEnd(slot: slot, count: end.count + 1)
            }
        }
        ineffective = end
    }

    /// A new cluster has one member, under whose ballots all of its log is: the order of the rounds is what matters.
    private func ballot(_ ballot: Ballot) -> Ballot {
        identity.isBackup || ballot == .zero
            ? ballot : Ballot(round: ballot.round, node: identity.node)
    }

    // MARK: - The end

    /// Ends the copy: the small values, the snapshots, durably; then all of it is read back, and has its name.
    package consuming func finish(
        _ snapshots: [LogSnapshot]
    ) throws(LogCopyError) -> CopiedLog {
        guard last >= committed else { throw .unreadable(last.next) }
        // A batch that ends beyond is decided by whoever goes on.
        let state = state()
        let (identity, tables, isCancelled) = (identity, tables, isCancelled)
        let (place, source, storage, last) = (place, source, storage, last)
        do throws(TransactionError<LMDBError>) {
            try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
                var state = state
                if !identity.isBackup {
                    // What makes it counts as an opening: a token of an earlier boot is another append's.
                    let process = ProcessID(boot: state.boot, nonce: state.nonce)
                    let number = identity.writeNumber(of: txn.id)
                    state.openings = [Opening(process: process, write: number)]
                }
                let values = StoredLog.values(of: state, StateCoding(cluster: identity.cluster))
                try txn.put(identity.storedBytes, for: Schema.identityKey, in: tables.state)
                for (name, value) in values { try txn.put(value, for: name.key, in: tables.state) }
            }
        } catch {
            throw .destination(place.directory.refusal(error))
        }
        do throws(LogCreateError) {
            try place.directory.close(environment, storage)
        } catch {
            throw .destination(error)
        }
        let kept = snapshots.filter { $0.info.slot >= source.base.slot && $0.info.slot <= last }
            .sorted { $0.info.slot < $1.info.slot }
        try SnapshotCopies(identity: identity, directory: place.directory.aside)
            .write(kept, isCancelled)
        try CopyReading(directory: place.directory.aside)
            .read(expecting: state, last: last, isCancelled)
        do throws(LogCreateError) {
            try place.keep()
        } catch {
            throw .destination(error)
        }
        return CopiedLog(
            identity: LogIdentity(identity),
            trimmedSlot: state.trimmed,
            committedSlot: state.committed,
            lastSlot: last,
            snapshotSlot: kept.last?.info.slot
        )
    }

    private borrowing func state() -> RecoveredState {
        var state = source
        let promised = ballot(max(highest, source.promised))
        if !identity.isBackup {
            state = RecoveredState(
                cluster: identity.cluster,
                node: identity.node,
                incarnation: identity.incarnation,
                membership: identity.membership,
                boot: boot.next,
                nonce: Nonce(SystemRandom.uint64()),
                openings: [],
                secret: identity.secret
            )
            state.base = source.base.restored(as: identity)
        }
        // What is left of a batch that the trim point stands in is not copied.
        state.trimmed = state.base.slot
        state.promised = promised
        state.lastRound = max(source.lastRound, promised.round)
        state.committed = committed
        state.checkpoint = delivery.checkpoint
        state.accepted = []
        // Of consumers of the node, of which a copy has none.
        state.cursors = []
        return state
    }
}

/// Takes away what was begun, unless it got its name.
private final class Aside {
    let directory: NewDirectory
    private var isKept = false

    init(_ directory: NewDirectory) {
        self.directory = directory
    }

    deinit {
        if !isKept { directory.discard() }
    }

    func keep() throws(LogCreateError) {
        try directory.moveIntoPlace()
        isKept = true
    }
}

extension Base {
    /// What the prefix did, for the only member of a new cluster.
    func restored(as identity: DirectoryIdentity) -> Base {
        Base(
            slot: slot,
            ballot: ballot == .zero ? .zero : Ballot(round: ballot.round, node: identity.node),
            membership: identity.membership,
            membershipSlot: .zero,
            state: state,
            prefix: prefix,
            digest: digest
        )
    }
}

extension LogState {
    fileprivate func lastBoot(of node: NodeID) -> Boot {
        sessions.first { $0.node == node }?.boot ?? .never
    }
}

extension Entry {
    fileprivate var token: Token? {
        switch self {
        case .command(let command): command.token
        case .void(let token): token
        case .noop, .membership: nil
        }
    }
}
