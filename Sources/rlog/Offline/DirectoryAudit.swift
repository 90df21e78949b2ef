import LogCommands
import LogStorage
import LogWire
import PaxosCore

/// Every invariant that one directory can show.
struct DirectoryAudit {
    /// What was looked at.
    struct Summary: Sendable {
        let identity: DirectoryIdentity
        let state: RecoveredState?
        let rows: Int
        let last: Slot

        func json(_ directory: String, faults: Int) -> JSON {
            .object([
                ("directory", .string(directory)), ("cluster", .string(identity.cluster.name)),
                ("node", .unsigned(identity.node.rawValue)), ("rows", .integer(rows)),
                ("committed_slot", .optional(state?.committed.rawValue)),
                ("last_slot", .unsigned(last.rawValue)), ("faults", .integer(faults)),
            ])
        }

        func text(_ directory: String, faults: Int) -> String {
            let committed = state.map { "committed to slot \($0.committed)" } ?? "state damaged"
            let verdict =
                faults == 0
                ? "no fault" : faults == 1 ? "1 fault" : "\(Figure.whole(faults)) faults"
            return "\(directory): node \(identity.node.rawValue) of \(identity.cluster), "
                + "\(Figure.whole(rows)) rows, \(committed): \(verdict)\n"
        }
    }

    private let identity: DirectoryIdentity
    private let state: RecoveredState
    private let report: (Fault) -> Void
    private var effect: EffectAudit
    private var snapshots: SnapshotAudit
    private var rows = 0
    /// The next slot that has a row, if there is no hole.
    private var next: Slot
    private var last: Slot

    static func run(
        _ reader: borrowing DirectoryReader,
        _ report: @escaping (Fault) -> Void
    ) throws(LogOpenError) -> Summary {
        let state: RecoveredState
        do throws(LogOpenError) {
            state = try reader.state()
        } catch {
            report(Fault(.damagedState, "\(error)"))
            return try Self.readRowsOnly(reader, report)
        }
        var audit = DirectoryAudit(
            identity: reader.identity,
            state: state,
            snapshots: SnapshotAudit(reader, state, report),
            report: report
        )
        audit.checkState()
        var damage: [String] = []
        try reader.scanRows(damaged: { damage.append($0) }) { row in
            audit.reportDamage(&damage)
            audit.take(row)
            return true
        }
        audit.reportDamage(&damage)
        audit.end()
        let ineffective = try reader.scanIneffective(trimmed: state.trimmed) { what in
            report(Fault(.damagedTree, "the table of slots without effect, \(what)"))
        }
        audit.effect.compare(ineffective: ineffective)
        return Summary(
            identity: reader.identity,
            state: state,
            rows: audit.rows,
            last: audit.last
        )
    }

    /// Without the small values nothing can be compared, but every row has a checksum of its own.
    private static func readRowsOnly(
        _ reader: borrowing DirectoryReader,
        _ report: (Fault) -> Void
    ) throws(LogOpenError) -> Summary {
        var rows = 0
        var last = Slot.zero
        try reader.scanRows(damaged: { report(Fault(.damagedTree, $0)) }) { row in
            rows += 1
            last = row.slot
            if case .unreadable(let slot) = row { report(Self.unreadable(slot)) }
            return true
        }
        return Summary(identity: reader.identity, state: nil, rows: rows, last: last)
    }

    private static func unreadable(_ slot: Slot) -> Fault {
        Fault(.unreadableRow, at: slot, "the row is not what was written")
    }

    private init(
        identity: DirectoryIdentity,
        state: RecoveredState,
        snapshots: SnapshotAudit,
        report: @escaping (Fault) -> Void
    ) {
        self.identity = identity
        self.state = state
        self.snapshots = snapshots
        self.report = report
        effect = EffectAudit(state: state, report: report)
        next = state.trimmed.next
        last = state.trimmed
    }

    private func checkState() {
        if state.promised.node == identity.node, state.promised.round > state.lastRound {
            report(
                Fault(
                    .roundAboveLast,
                    "promised \(state.promised.text), and the last round used is \(state.lastRound)"
                )
            )
        }
        if state.promised.round > 0, !identity.membership.members.contains(state.promised.node) {
            report(Fault(.foreignBallot, "promised \(state.promised.text)"))
        }
    }

    // MARK: - Rows

    /// Pages between the row taken last and the next.
    private mutating func reportDamage(_ damage: inout [String]) {
        for what in damage {
            report(Fault(.damagedTree, at: next, "\(what): rows from here on cannot be reached"))
        }
        if !damage.isEmpty { effect.stop() }
        damage.removeAll()
    }

    private mutating func take(_ row: DirectoryReader.StoredRow) {
        rows += 1
        let slot = row.slot
        last = slot
        checkHole(before: slot)
        next = slot.next
        switch row {
        case .unreadable(let slot):
            report(Self.unreadable(slot))
            effect.stop()
        case .row(let row, _):
            check(row)
            effect.take(row)
            snapshots.take(row)
        }
    }

    private func checkHole(before slot: Slot) {
        let through = min(slot.previous, state.committed)
        guard next <= through else { return }
        report(
            Fault(
                .missingRow,
                slots: next...through,
                "no row, and the log is committed to slot \(state.committed)"
            )
        )
    }

    private func check(_ row: AcceptedEntry) {
        // A row fetched from a member that knew it chosen keeps the ballot it has there.
        if !row.isChosen, row.ballot > state.promised {
            report(
                Fault(
                    .ballotAbovePromise,
                    at: row.slot,
                    "accepted under \(row.ballot.text), promised \(state.promised.text)"
                )
            )
        }
        if row.ballot.node == identity.node, row.ballot.round > state.lastRound {
            report(
                Fault(
                    .roundAboveLast,
                    at: row.slot,
                    "ballot \(row.ballot.text), and the last round used is \(state.lastRound)"
                )
            )
        }
        if !identity.membership.members.contains(row.ballot.node) {
            report(Fault(.foreignBallot, at: row.slot, "ballot \(row.ballot.text)"))
        }
    }

    private mutating func end() {
        if last < state.committed {
            report(
                Fault(
                    .committedAboveLast,
                    "committed to slot \(state.committed), and the last row is of slot \(last)"
                )
            )
            checkHole(before: state.committed.next)
        }
        effect.end()
        snapshots.end(last: last)
    }
}
