import PaxosCore

/// What is on the disk of a `TestStore`: changed by whole batches only.
struct TestDisk {
    var members: [NodeID] = [1]
    var peers: [PeerRecord] = []
    var boot = Boot.never
    var promised = Ballot.zero
    var lastRound: UInt64 = 0
    var committed = Slot.zero
    var checkpoint = Checkpoint.empty
    var trimmed = Slot.zero
    /// The row of slot n + 1 stands at n.
    var rows: [AcceptedEntry?] = []
    var ineffective: [Slot] = []
    var cursors: [CursorRecord] = []

    subscript(slot: Slot) -> AcceptedEntry? {
        slot > .zero && slot.rawValue <= UInt64(rows.count) ? rows[Int(slot.rawValue) - 1] : nil
    }

    /// The end of the rows that have no hole below.
    var wholeThrough: Slot {
        Slot(rawValue: UInt64(rows.firstIndex { $0 == nil } ?? rows.count))
    }

    var last: Slot { Slot(rawValue: UInt64(rows.count)) }

    mutating func apply(_ write: WriteRows) throws {
        if let promised = write.promised {
            try demand(promised >= self.promised, "the promise fell to \(promised)")
            self.promised = promised
        }
        if let round = write.lastRound {
            try demand(round > lastRound, "round \(round) was used before")
            lastRound = round
        }
        for accepted in write.accepted {
            try demand(
                accepted.isChosen || accepted.ballot <= promised,
                "accepted above the promise (R2)"
            )
            for (offset, entry) in accepted.run.entries.enumerated() {
                try put(
                    AcceptedEntry(
                        slot: accepted.run.first.advanced(by: offset),
                        ballot: accepted.ballot,
                        entry: entry,
                        isChosen: accepted.isChosen
                    )
                )
            }
        }
        if let base = write.base {
            try demand(base.slot > committed, "a base is installed behind \(committed) (R44)")
            try demand(promised >= base.ballot, "the promise is below what was chosen (R43)")
            let rest = Int(base.slot.rawValue)
            while rows.count < rest { rows.append(nil) }
            for place in 0..<rest where rows[place] == nil {
                let slot = Slot(rawValue: UInt64(place) + 1)
                rows[place] = AcceptedEntry(slot: slot, ballot: base.ballot, entry: .noop)
            }
            trimmed = base.slot
        }
        if let committed = write.committed {
            try demand(committed > self.committed, "the watermark fell to \(committed)")
            try demand(committed <= wholeThrough, "the watermark is ahead of the rows (R41)")
            self.committed = committed
        }
        if let checkpoint = write.checkpoint {
            try demand(checkpoint.slot <= committed, "the checkpoint is ahead of the watermark")
            try demand(checkpoint.slot >= self.checkpoint.slot, "the checkpoint fell")
            self.checkpoint = checkpoint
        }
        if let trimmed = write.trimmed {
            try demand(trimmed > self.trimmed, "the trim point fell to \(trimmed)")
            try demand(
                trimmed <= committed && trimmed <= checkpoint.slot,
                "\(trimmed) is trimmed ahead of the watermark or the checkpoint (R78)"
            )
            self.trimmed = trimmed
        }
        ineffective.append(contentsOf: write.ineffective)
        if let cursors = write.cursors {
            try demand(
                cursors.allSatisfy { $0.slot <= committed },
                "a cursor is ahead of the watermark"
            )
            self.cursors = cursors
        }
        for peer in write.peers {
            peers.removeAll { $0.node == peer.node }
            peers.append(peer)
        }
    }

    private mutating func put(_ row: AcceptedEntry) throws {
        try demand(row.slot > committed, "the committed row \(row.slot) is written again (I3)")
        // What was chosen replaces whatever was accepted.
        if let present = self[row.slot], !row.isChosen {
            try demand(row.ballot >= present.ballot, "the row \(row.slot) fell to \(row.ballot)")
            try demand(row.entry == present.entry, "the row \(row.slot) changed its entry")
        }
        while rows.count < Int(row.slot.rawValue) { rows.append(nil) }
        rows[Int(row.slot.rawValue) - 1] = row
    }

    /// Opens the disk: what a node finds, with its boot counted durably.
    mutating func open() -> RecoveredState {
        boot = boot.next
        var state = RecoveredState(
            cluster: Identities.cluster,
            node: 1,
            incarnation: Identities.incarnation(of: 1),
            membership: Identities.membership(members),
            boot: boot,
            promised: promised,
            lastRound: lastRound,
            committed: committed,
            trimmed: trimmed,
            accepted: rows.dropFirst(Int(committed.rawValue)).compactMap { $0 },
            checkpoint: checkpoint,
            peers: peers
        )
        state.cursors = cursors
        return state
    }

    /// Serves a read as a store does: until about `maxBytes`, but at least one row.
    func read(_ request: ReadRequest) -> RowPage {
        var rows: [AcceptedEntry] = []
        var bytes = 0
        var slot = request.slots.lowerBound
        while slot <= request.slots.upperBound {
            if let row = self[slot] {
                if !rows.isEmpty, bytes + row.entry.payloadBytes > request.maxBytes {
                    return RowPage(rows: rows, through: slot.previous)
                }
                rows.append(row)
                bytes += row.entry.payloadBytes
            }
            slot = slot.next
        }
        return RowPage(rows: rows, through: request.slots.upperBound)
    }
}

/// A disk and the batches on their way to it.
final class TestStore {
    /// What it says that the log takes.
    var liveBytes: Int?
    private(set) var disk = TestDisk()
    private var queue: [Held] = []
    /// The ballots under which rows were submitted, by the boot that did it.
    private var proposers: [Ballot: Boot] = [:]
    private var isSealed = false

    private final class Held {
        var batch: WriteBatch?
        init(_ batch: consuming WriteBatch) { self.batch = consume batch }
    }

    init(disk: TestDisk = TestDisk()) {
        self.disk = disk
    }

    var waiting: Int { queue.count }

    func open() -> RecoveredState {
        isSealed = false
        return disk.open()
    }

    func submit(_ batch: consuming WriteBatch) throws {
        let rows = batch.rows
        queue.append(Held(batch))
        try demand(!isSealed, "a batch follows the last one")
        isSealed = rows.isFinal
        if let committed = rows.committed {
            let whole = max(disk.wholeThrough, rows.base?.slot ?? .zero)
            try demand(committed <= whole, "committed before it was durable")
        }
        for accepted in rows.accepted {
            let boot = proposers[accepted.ballot] ?? disk.boot
            try demand(boot == disk.boot, "ballot \(accepted.ballot) is used again (R4)")
            proposers[accepted.ballot] = boot
        }
    }

    /// One flush for the first `count` batches; they are merged before it or their receipts after it.
    func flush(_ count: Int, mergingBatches: Bool) throws -> DurabilityReceipt? {
        guard count > 0, let first = take() else { return nil }
        guard mergingBatches else {
            try disk.apply(first.rows)
            var receipt = first.markedDurable(written: WriteNumber(1), liveBytes: liveBytes)
            for _ in 1..<count {
                guard let next = take() else { break }
                try disk.apply(next.rows)
                receipt.merge(next.markedDurable(written: WriteNumber(1), liveBytes: liveBytes))
            }
            return receipt
        }
        var group = first
        for _ in 1..<count {
            guard let next = take() else { break }
            group.merge(next)
        }
        let rows = group.rows
        let receipt = group.markedDurable(written: WriteNumber(1), liveBytes: liveBytes)
        try disk.apply(rows)
        return receipt
    }

    /// The power goes, or the disk fails: of what waits a prefix survives, and nothing is receipted.
    func crash(keeping count: Int) throws {
        var kept = 0
        while let batch = take() {
            let rows = batch.rows
            batch.abandon()
            if kept < count { try disk.apply(rows) }
            kept += 1
        }
    }

    private func take() -> WriteBatch? {
        guard !queue.isEmpty else { return nil }
        return queue.removeFirst().batch.take()
    }

    deinit { while let batch = take() { batch.abandon() } }
}

/// An invariant that did not hold.
struct Violation: Error, CustomStringConvertible {
    let description: String
}

func demand(_ holds: Bool, _ otherwise: @autoclosure () -> String) throws {
    guard holds else { throw Violation(description: otherwise()) }
}
