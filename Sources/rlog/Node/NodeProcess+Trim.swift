import LogCommands
import ReplicatedLog

extension NodeProcess {
    func trim(
        _ slot: Slot,
        _ pastSnapshots: Bool,
        _ pastCursors: Bool,
        _ timeout: Duration?
    ) async -> [(String, JSON)] {
        do throws(TrimError) {
            let trim = try await log.trim(
                through: slot,
                pastSnapshots: pastSnapshots,
                pastCursors: pastCursors,
                timeout: timeout
            )
            let trimmed = ("trimmed_slot", JSON.unsigned(trim.through.rawValue))
            return [trimmed] + (trim.heldBack?.fields ?? [])
        } catch {
            return error.fields
        }
    }
}

extension LogTrim.Hold {
    /// What keeps the rest.
    fileprivate var fields: [(String, JSON)] {
        switch self {
        case .member(let node):
            [("held_back", .string("member")), ("member", .unsigned(node.rawValue))]
        case .members: [("held_back", .string("members"))]
        case .delivery: [("held_back", .string("delivery"))]
        case .snapshot(let slot):
            [("held_back", .string("snapshot")), ("snapshot_slot", .unsigned(slot.rawValue))]
        case .cursor(let slot):
            [("held_back", .string("cursor")), ("cursor_slot", .unsigned(slot.rawValue))]
        case .damage: [("held_back", .string("damage"))]
        }
    }
}

extension TrimError {
    fileprivate var fields: [(String, JSON)] {
        switch self {
        case .notCommitted(let through):
            return [
                ("error", .string("not_committed")),
                ("committed_slot", .unsigned(through.rawValue)),
            ]
        case .timedOut: return [("error", .string("timed_out"))]
        case .cancelled: return [("error", .string("cancelled"))]
        case .closed: return [("error", .string("closed"))]
        case .storeFailed: return [("error", .string(Failure.storeFailed))]
        case .runFailed: return [("error", .string("run_failed"))]
        case .rolledBack: return [("error", .string("rolled_back"))]
        }
    }
}
