import LogCommands
import LogStorage
import PaxosCore

/// Decides the log anew and compares: with the checkpoint, with the table of slots without effect, and
/// with the rule that a token has effect once, in all of its batch or in nothing.
struct EffectAudit {
    private let state: RecoveredState
    private let report: (Fault) -> Void
    private var delivery: Delivery
    /// From here on nothing is decided: a hole, an unreadable row, or the end of what is committed.
    private var isStopped = false
    private var isCheckpointCompared: Bool
    /// Committed commands without effect, by the replay.
    private var ineffective = NumberRanges()
    /// Tokens that had effect, counted without the core; those of what is trimmed as the base has them.
    private var used: [Origin: NumberRanges]
    private var previous: Decision?

    private struct Origin: Hashable {
        let node: NodeID
        let boot: Boot
    }

    init(state: RecoveredState, report: @escaping (Fault) -> Void) {
        self.state = state
        self.report = report
        delivery = Delivery(resuming: state.start)
        // Of one slot they were compared when they were read.
        isCheckpointCompared = state.checkpoint.slot == state.start.slot
        used = [:]
        for session in state.start.state.sessions {
            used[Origin(node: session.node, boot: session.boot)] = session.delivered
        }
    }

    mutating func take(_ row: AcceptedEntry) {
        guard !isStopped, row.slot > state.start.slot else { return }
        guard row.slot == delivery.next, row.slot <= state.committed || row.isChosen else {
            return stop()
        }
        var decisions: [Decision] = []
        delivery.feed(row.entry) { decisions.append($0) }
        for decision in decisions { check(decision) }
        compareCheckpoint()
    }

    mutating func stop() { isStopped = true }

    private mutating func check(_ decision: Decision) {
        let command = decision.command
        defer { previous = decision }
        guard decision.effect == .effective else {
            let slot = decision.slot.rawValue
            return ineffective.insert(slot...slot)
        }
        if command.index == 0 {
            let origin = Origin(node: command.token.node, boot: command.token.boot)
            let sequence = command.token.sequence
            if used[origin, default: NumberRanges()].contains(sequence) {
                report(
                    Fault(
                        .tokenRepeated,
                        at: decision.slot,
                        "token \(command.token) has effect here and before"
                    )
                )
            }
            used[origin, default: NumberRanges()].insert(sequence...sequence)
        } else if previous?.effect != .effective || previous?.slot != decision.slot.previous
            || previous?.command.token != command.token
            || previous?.command.index != command.index - 1
        {
            report(
                Fault(
                    .tornBatch,
                    at: decision.slot,
                    "part \(command.index) of the batch \(command.token) does not follow the one before"
                )
            )
        }
    }

    // MARK: - Checkpoint

    private mutating func compareCheckpoint() {
        guard !isCheckpointCompared, delivery.delivered >= state.checkpoint.slot else { return }
        isCheckpointCompared = true
        let place = state.checkpoint.slot
        if delivery.delivered > place {
            report(Fault(.checkpointDiffers, at: place, "the checkpoint lies within a batch"))
        } else if delivery.state != state.checkpoint.state {
            report(
                Fault(
                    .checkpointDiffers,
                    at: place,
                    "the checkpoint holds other tokens than the rows up to it"
                )
            )
        } else if delivery.digest != state.checkpoint.digest {
            report(
                Fault(.checkpointDiffers, at: place, "the checkpoint is of other rows up to it")
            )
        }
    }

    mutating func end() {
        guard !isStopped, !isCheckpointCompared, delivery.delivered < state.checkpoint.slot else {
            return
        }
        report(
            Fault(
                .checkpointDiffers,
                at: state.checkpoint.slot,
                "the rows are decided to slot \(delivery.delivered) only"
            )
        )
    }

    // MARK: - Slots without effect

    /// The table holds every such slot up to the checkpoint, and no other.
    func compare(ineffective stored: [Slot]) {
        var table = NumberRanges()
        for slot in stored {
            table.insert(slot.rawValue...slot.rawValue)
            let isDecided = slot > state.start.slot && slot <= delivery.delivered
            if isDecided, !ineffective.contains(slot.rawValue) {
                report(
                    Fault(.ineffectiveDiffers, at: slot, "marked as without effect, and has effect")
                )
            } else if slot > max(state.committed, delivery.delivered) {
                report(
                    Fault(.ineffectiveDiffers, at: slot, "marked as without effect, not committed")
                )
            }
        }
        for range in ineffective.ranges {
            for slot in range where slot <= state.checkpoint.slot.rawValue && !table.contains(slot)
            {
                report(
                    Fault(
                        .ineffectiveDiffers,
                        at: Slot(rawValue: slot),
                        "without effect, and not marked"
                    )
                )
            }
        }
    }
}
