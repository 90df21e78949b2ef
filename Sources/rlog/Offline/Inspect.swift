import ArgumentParser
import LogCommands
import LogStorage
import LogWire
import PaxosCore

/// `rlog inspect`: what a directory is and holds, in a few lines.
struct Inspect: RlogCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show whose a data directory is and how far its log reaches; changes nothing."
    )

    @Argument(help: "The data directory; no process may have it open.")
    var directory: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func execute() async throws(Failure) -> ExitStatus {
        let directory = directory
        let found = try await offPool { () throws(Failure) in try Findings(directory) }.get()
        if json {
            Output.answer(found.json)
        } else {
            Output.answer(Table.pairs(found.pairs))
        }
        return .done
    }
}

private struct Findings: Sendable {
    let directory: String
    let identity: DirectoryIdentity
    let state: RecoveredState
    let usage: DirectoryReader.Usage
    /// The lowest and highest slot with a row.
    let accepted: ClosedRange<Slot>?
    let snapshots: SnapshotFindings

    init(_ directory: String) throws(Failure) {
        self.directory = directory
        do throws(LogOpenError) {
            let reader = try DirectoryReader(at: directory)
            identity = reader.identity
            state = try reader.state()
            usage = try reader.usage()
            snapshots = SnapshotFindings(reader)
            var first: Slot?
            try reader.scanRows { row in
                first = row.slot
                return false
            }
            let last = reader.lastSlot()
            accepted = first.map { $0...max($0, last) }
        } catch {
            throw Failure(error)
        }
    }

    private var members: [UInt64] { identity.membership.members.map(\.rawValue) }

    private var quorum: String {
        switch identity.membership.quorum {
        case .majority: "majority"
        case .sized(let phase1, let phase2): "\(phase1)+\(phase2)"
        }
    }

    var json: JSON {
        .object([
            ("directory", .string(directory)), ("cluster", .string(identity.cluster.name)),
            ("node", .unsigned(identity.node.rawValue)),
            ("incarnation", .string(identity.incarnation.description)),
            ("format_version", .integer(Int(identity.formatVersion))),
            ("backup", .bool(identity.isBackup)),
            ("members", .array(members.map(JSON.unsigned))), ("quorum", .string(quorum)),
            ("promised", .string(state.promised.text)), ("last_round", .unsigned(state.lastRound)),
            ("boot", .unsigned(state.boot.rawValue)),
            ("committed_slot", .unsigned(state.committed.rawValue)),
            ("trimmed_slot", .unsigned(state.trimmed.rawValue)),
            ("base_slot", .unsigned(state.base.slot.rawValue)),
            ("first_slot", .optional(accepted?.lowerBound.rawValue)),
            ("last_slot", .optional(accepted?.upperBound.rawValue)),
            ("rows", .integer(usage.rows)), ("ineffective", .integer(usage.ineffective)),
            ("checkpoint_slot", .unsigned(state.checkpoint.slot.rawValue)),
            ("page_bytes", .integer(usage.pageSize)), ("file_bytes", .integer(usage.fileBytes)),
            ("used_bytes", .integer(usage.usedBytes)), ("live_bytes", .integer(usage.liveBytes)),
            ("cursors", state.cursorsJSON), ("snapshots", snapshots.json),
        ])
    }

    var pairs: [(String, String)] {
        let range = accepted.map { "\($0.lowerBound) to \($0.upperBound)" } ?? "none"
        return [
            ("cluster", identity.cluster.name), ("node", String(identity.node.rawValue)),
            ("incarnation", identity.incarnation.description),
            ("format version", String(identity.formatVersion)),
            ("backup", identity.isBackup ? "yes: it is never opened as this node" : "no"),
            ("members", members.map { String($0) }.joined(separator: ",") + " (\(quorum))"),
            ("promised", state.promised.text), ("last round", String(state.lastRound)),
            ("boot", "\(state.boot)"), ("committed slot", "\(state.committed)"),
            ("trimmed slot", "\(state.trimmed)"), ("base", "\(state.base.slot)"),
            ("accepted", "\(range), \(Figure.whole(usage.rows)) rows"),
            ("without effect", Figure.whole(usage.ineffective)),
            ("checkpoint", "\(state.checkpoint.slot)"),
            ("file", Figure.bytes(usage.fileBytes)),
            ("map in use", Figure.bytes(usage.usedBytes)),
            ("live pages", Figure.bytes(usage.liveBytes)), ("cursors", state.cursorsText),
            ("snapshots", snapshots.text),
        ]
    }
}

extension RecoveredState {
    /// How far the consumers of the node have come.
    var cursorsJSON: JSON {
        .array(
            cursors.map { cursor in
                .object([
                    ("name", .string(cursor.name.name)), ("slot", .unsigned(cursor.slot.rawValue)),
                ])
            }
        )
    }

    fileprivate var cursorsText: String {
        cursors.isEmpty
            ? "none" : cursors.map { "\($0.name) at \($0.slot)" }.joined(separator: ", ")
    }
}

extension DirectoryReader.StoredRow {
    var slot: Slot {
        switch self {
        case .row(let row, _): row.slot
        case .unreadable(let slot): slot
        }
    }
}

extension Ballot {
    /// `round.node` in figures, as in `2.1`; `0.0` for none.
    var text: String { "\(round).\(node.rawValue)" }
}
