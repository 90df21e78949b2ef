/// The store boundary. The LMDB store implements it on real disks; a simulated one in virtual time.
///
/// A store makes each batch durable whole or not at all, in the order of submission, and merges the
/// batches that wait (group commit). It issues a receipt only after the covering flush has returned,
/// and nothing any more after a flush or a commit has failed (`R30`).
package protocol LogStore: Sendable {
    /// What the store held when it was opened.
    func recover() -> RecoveredState

    /// Begins to write what was submitted, and reports to the observer from then on. Once only.
    func start(observer: any StoreObserver)

    /// Queues a batch. Its receipt, or the store's failure, is reported to the store's observer. Batches
    /// come in the order of their numbers; after `close` or a failure they are abandoned.
    func submit(_ batch: consuming WriteBatch)

    /// Reads rows off the driver's thread: those in `slots`, in slot order, until about `maxBytes` of
    /// payload, but at least one row if there is one. A page may end before a slot that is unreadable; the
    /// read that begins there fails. So does one that begins at a slot that is trimmed, and tells what the log did
    /// up to there.
    ///
    /// Whoever hands rows out asks `withEffect` for those that have none. Peers and a replay decide that
    /// themselves: where the store cannot tell it any more, the rows are as good as ever.
    func read(
        _ slots: ClosedRange<Slot>,
        maxBytes: Int,
        withEffect: Bool,
        completion: @escaping @Sendable (Result<RowPage, ReadFailure>) -> Void
    )

    /// Finishes what was submitted, answers reads that wait or come with `closed`, and then calls
    /// `completion`: the medium can be opened again.
    func close(completion: @escaping @Sendable () -> Void)
}

extension LogStore {
    /// Reads rows, and which of them are without effect.
    package func read(
        _ slots: ClosedRange<Slot>,
        maxBytes: Int,
        completion: @escaping @Sendable (Result<RowPage, ReadFailure>) -> Void
    ) {
        read(slots, maxBytes: maxBytes, withEffect: true, completion: completion)
    }
}

/// Whom a store tells what became of its batches.
package protocol StoreObserver: AnyObject, Sendable {
    func durable(_ receipt: consuming DurabilityReceipt)
    /// Final: the store says nothing more and takes nothing more.
    func failed(_ failure: StoreFailure)
    /// The store has run out of room, or has found some again. It still takes what is in flight.
    func full(_ isFull: Bool)
}

/// What a node knows after it opened its store.
package struct RecoveredState: Hashable, Sendable {
    package var cluster: ClusterID
    package var node: NodeID
    package var incarnation: Incarnation
    package var membership: Membership
    /// Counts this opening, and is durable.
    package var boot: Boot
    package var promised: Ballot
    package var lastRound: UInt64
    /// A lower bound after a crash.
    package var committed: Slot
    package var trimmed: Slot
    /// What the log did up to the trim point, or up to the end of the batch that stands there.
    package var base: Base
    /// Every row above `committed`, in slot order: what was accepted and may be chosen.
    package var accepted: [AcceptedEntry]
    package var checkpoint: Checkpoint
    /// Drawn by this opening, before anything else, and durable with its boot.
    package var nonce: Nonce
    /// The openings from the lineage's floor on; the last is this one.
    package var openings: [Opening]
    /// The directory's own.
    package var secret: DirectorySecret
    /// The directory was found to be an old copy: it is read, and nothing else.
    package var rolledBack: RolledBack?
    /// How many rows at and below the trim point a base has left behind, to be deleted yet.
    package var leftBehind: UInt64 = 0
    /// The host's snapshot that this directory has begun to be given.
    package var begun: SnapshotName?
    /// What an entry of the log takes in the mean, in bytes on the disk; 0 if nobody knows.
    package var meanEntryBytes = 0
    /// The node's cursors, in the order of their names.
    package var cursors: [CursorRecord] = []
    /// What the log takes on the disk; 0 if nobody knows.
    package var liveBytes = 0
    /// What was stored of the peers: all of them, or none before all have been met.
    package var peers: [PeerRecord]

    /// The highest slot with a row.
    package var last: Slot { accepted.last?.slot ?? committed }

    package init(
        cluster: ClusterID,
        node: NodeID,
        incarnation: Incarnation,
        membership: Membership,
        boot: Boot,
        promised: Ballot = .zero,
        lastRound: UInt64 = 0,
        committed: Slot = .zero,
        trimmed: Slot = .zero,
        accepted: [AcceptedEntry] = [],
        checkpoint: Checkpoint = .empty,
        peers: [PeerRecord] = [],
        nonce: Nonce = Nonce(1),
        openings: [Opening]? = nil,
        secret: DirectorySecret = DirectorySecret(first: 0, second: 0),
        rolledBack: RolledBack? = nil
    ) {
        self.cluster = cluster
        self.node = node
        self.incarnation = incarnation
        self.membership = membership
        self.boot = boot
        self.promised = promised
        self.lastRound = lastRound
        self.committed = committed
        self.trimmed = trimmed
        base = .founding(membership)
        self.accepted = accepted
        self.checkpoint = checkpoint
        self.peers = peers
        self.nonce = nonce
        let own = Opening(process: ProcessID(boot: boot, nonce: nonce), write: WriteNumber(1))
        self.openings = openings ?? [own]
        self.secret = secret
        self.rolledBack = rolledBack
    }
}

/// Asks for rows; the answer comes back as a `ReadCompletion` with the same id.
package struct ReadRequest: Hashable, Sendable {
    package let id: ReadID
    package let slots: ClosedRange<Slot>
    package let maxBytes: Int
}

package struct ReadID: Hashable, Comparable, Sendable {
    package let rawValue: UInt64

    package static func < (left: ReadID, right: ReadID) -> Bool { left.rawValue < right.rawValue }
}

/// The rows of `from ... through` that exist; `through` is the end of the request unless the page was
/// full before.
package struct RowPage: Hashable, Sendable {
    package let rows: [AcceptedEntry]
    package let through: Slot
    /// Those of the page's slots that the store knows to be without effect; none if nobody asked.
    package let ineffective: [Slot]

    package init(rows: [AcceptedEntry], through: Slot, ineffective: [Slot] = []) {
        self.rows = rows
        self.through = through
        self.ineffective = ineffective
    }
}

package struct ReadCompletion: Sendable {
    package let id: ReadID
    package let result: Result<RowPage, ReadFailure>

    package init(id: ReadID, result: Result<RowPage, ReadFailure>) {
        self.id = id
        self.result = result
    }
}

/// Why rows could not be read.
package enum ReadFailure: Error, Hashable, Sendable {
    /// The first slot of the request is not what was written, or is missing though it must be there: it
    /// counts neither as accepted nor as absent (`R34`, `R35`).
    case unreadable(Slot)
    /// The first slot of the request is trimmed, and every slot up to this one; and what they did.
    case trimmed(through: Slot, base: Base? = nil)
    /// The store has failed or is closed.
    case storeFailed(StoreFailure)
    case closed

    /// What ends a node whose own read this is; nothing, if it ends already.
    var ending: StoreFailure? {
        switch self {
        case .unreadable(let slot):
            StoreFailure(
                operation: "read",
                code: 0,
                detail: "the row of slot \(slot) is unreadable"
            )
        case .trimmed(let slot, _):
            StoreFailure(
                operation: "read",
                code: 0,
                detail: "the rows up to slot \(slot) are trimmed and not delivered"
            )
        case .storeFailed(let failure): failure
        case .closed: nil
        }
    }
}

/// The error that ended a store.
public struct StoreFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was being done: "flush", "commit", "read".
    public let operation: String
    /// The operating system's number, or LMDB's, which is negative; 0 if neither had one.
    public let code: Int32
    /// What either said of it, and of which file.
    public let detail: String

    package init(operation: String, code: Int32, detail: String) {
        self.operation = operation
        self.code = code
        self.detail = detail
    }

    /// All of it in one line.
    public var description: String { "\(operation) failed: \(detail) (\(code))" }
}
