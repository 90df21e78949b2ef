import LogCommands
import LogStorage
import LogWire
import PaxosCore

/// What is known of the snapshots of a directory at rest.
struct SnapshotFindings: Sendable {
    /// One of them: what it holds, or what is wrong with it.
    struct Found: Sendable {
        let slot: Slot
        let snapshot: Result<LogSnapshot, SnapshotError>
    }

    /// The newest first.
    let found: [Found]

    init(_ reader: borrowing DirectoryReader) {
        let (path, cluster) = (reader.path, reader.identity.cluster)
        let slots = (try? SnapshotFolder.slots(in: path)) ?? []
        found = slots.map { slot in
            let snapshot = Result { () throws(SnapshotError) in
                try LogSnapshot(of: slot, cluster: cluster, in: path)
            }
            return Found(slot: slot, snapshot: snapshot)
        }
    }

    var json: JSON {
        .array(
            found.map { found in
                let bytes = try? found.snapshot.get().info.bytes
                return .object([
                    ("slot", .unsigned(found.slot.rawValue)), ("bytes", .optional(bytes)),
                ])
            }
        )
    }

    var text: String {
        guard !found.isEmpty else { return "none" }
        let parts = found.map { found in
            switch found.snapshot {
            case .success(let snapshot):
                "slot \(found.slot), \(Figure.bytes(Int(clamping: snapshot.info.bytes)))"
            case .failure: "slot \(found.slot), damaged"
            }
        }
        return parts.joined(separator: "; ")
    }
}

/// Whether the snapshots of a directory are whole, and of the log that lies beside them.
struct SnapshotAudit {
    private var bases: [Slot: Base] = [:]
    private var newest = Slot.zero
    private var replay: BaseReplay
    private let report: (Fault) -> Void

    init(
        _ reader: borrowing DirectoryReader,
        _ state: RecoveredState,
        _ report: @escaping (Fault) -> Void
    ) {
        self.report = report
        replay = BaseReplay(from: state.base)
        for found in SnapshotFindings(reader).found {
            // One whose base is still to be installed is none yet.
            if found.slot > state.last, SnapshotFolder.isTaken(found.slot, in: reader.path) {
                continue
            }
            do throws(SnapshotError) {
                let snapshot = try found.snapshot.get()
                bases[found.slot] = snapshot.base
                newest = max(newest, found.slot)
                try snapshot.verify { () throws(SnapshotError) in }
            } catch {
                report(Fault(.damagedSnapshot, at: found.slot, "\(error)"))
            }
        }
        // The usual one, at the trim point: no row leads to it.
        if state.base.slot > .zero { compare(state.base, "what the log did up to there") }
    }

    /// The rows in the order of their slots; one that is missing or unreadable ends the comparison.
    mutating func take(_ row: AcceptedEntry) {
        guard row.slot <= newest, row.slot == replay.next else { return }
        replay.feed(row)
        compare(replay.base, "what the rows up to it give")
    }

    private mutating func compare(_ made: Base, _ what: String) {
        guard let found = bases[made.slot] else { return }
        if made.state != found.state || made.digest != found.digest
            || made.membership != found.membership || made.membershipSlot != found.membershipSlot
        {
            report(Fault(.snapshotDiffers, at: made.slot, "its base is not \(what)"))
        }
        bases[made.slot] = nil
    }

    func end(last: Slot) {
        guard newest > last else { return }
        report(Fault(.snapshotAboveLast, at: newest, "the last row is of slot \(last)"))
    }
}
