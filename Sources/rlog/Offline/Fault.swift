import LogCommands
import PaxosCore

/// Something in a directory that cannot be, if every rule was kept and every byte survived.
struct Fault: Sendable {
    /// Which rule, in snake case.
    enum Name: String {
        /// The row is there and is not what was written.
        case unreadableRow = "unreadable_row"
        /// No row, though the slot is committed.
        case missingRow = "missing_row"
        /// A row was accepted under a ballot above the promise.
        case ballotAbovePromise = "ballot_above_promise"
        /// A ballot of this node's own has a round above the last round used.
        case roundAboveLast = "round_above_last"
        /// A ballot of a node that is no member.
        case foreignBallot = "foreign_ballot"
        /// The commit watermark lies above the last row.
        case committedAboveLast = "committed_above_last"
        /// The checkpoint is not what the rows up to it give.
        case checkpointDiffers = "checkpoint_differs"
        /// The table of slots without effect is not what the rows give.
        case ineffectiveDiffers = "ineffective_differs"
        /// A token has effect in two places.
        case tokenRepeated = "token_repeated"
        /// A batch has effect in part.
        case tornBatch = "torn_batch"
        /// One of the small values cannot be read, or contradicts another.
        case damagedState = "damaged_state"
        /// A page of the tree is damaged: rows behind it cannot be reached.
        case damagedTree = "damaged_tree"
        /// A snapshot is there and is not what was written.
        case damagedSnapshot = "damaged_snapshot"
        /// A snapshot is of a slot above the last row.
        case snapshotAboveLast = "snapshot_above_last"
        /// What a snapshot says of the log is not what the rows up to it give.
        case snapshotDiffers = "snapshot_differs"
        /// Two directories hold different entries in one committed slot.
        case disagreement
        /// Two directories are not of one cluster.
        case foreignCluster = "foreign_cluster"
    }

    let name: Name
    let slots: ClosedRange<Slot>?
    let detail: String

    init(_ name: Name, at slot: Slot? = nil, _ detail: String) {
        self.init(name, slots: slot.map { $0...$0 }, detail)
    }

    init(_ name: Name, slots: ClosedRange<Slot>?, _ detail: String) {
        self.name = name
        self.slots = slots
        self.detail = detail
    }

    func json(_ directory: String) -> JSON {
        .object([
            ("directory", .string(directory)), ("fault", .string(name.rawValue)),
            ("slot", .optional(slots?.lowerBound.rawValue)),
            ("through", .optional(slots?.upperBound.rawValue)), ("detail", .string(detail)),
        ])
    }

    func text(_ directory: String) -> String {
        let place =
            switch slots {
            case .some(let slots) where slots.count > 1:
                "slots \(slots.lowerBound) to \(slots.upperBound): "
            case .some(let slots): "slot \(slots.lowerBound): "
            case nil: ""
            }
        return "\(directory): \(place)\(name.rawValue): \(detail)\n"
    }
}

extension ClosedRange<Slot> {
    fileprivate var count: UInt64 { upperBound.rawValue - lowerBound.rawValue + 1 }
}
