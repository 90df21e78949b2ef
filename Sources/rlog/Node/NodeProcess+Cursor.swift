import LogCommands
import PaxosCore
import ReplicatedLog

// What a consumer beside the process may want: to wait for a slot, to keep its place, to keep its state.

extension NodeProcess {
    /// Opens the cursor; with a slot, confirms as far and waits until that is durable.
    func cursor(
        _ name: CursorName,
        _ slot: Slot?,
        _ timeout: Duration?
    ) async -> [(String, JSON)] {
        do throws(CursorError) {
            let cursor = try await log.cursor(named: name, timeout: timeout)
            guard let slot else { return [("slot", .unsigned(cursor.opened.rawValue))] }
            try cursor.confirm(through: slot)
            let durable = try await cursor.flush(timeout: timeout)
            return [("slot", .unsigned(durable.rawValue))]
        } catch {
            return error.fields
        }
    }

    func removeCursor(_ name: CursorName, _ timeout: Duration?) async -> [(String, JSON)] {
        do throws(CursorError) {
            let isRemoved = try await log.removeCursor(named: name, timeout: timeout)
            return [("removed", .bool(isRemoved))]
        } catch {
            return error.fields
        }
    }

    func wait(for slot: Slot, _ timeout: Duration?) async -> [(String, JSON)] {
        let log = log
        let waiting = Task { () -> WaitError? in
            do throws(WaitError) {
                try await log.wait(for: slot)
                return nil
            } catch {
                return error
            }
        }
        let alarm = timeout.map { time in
            Task {
                try await Task.sleep(for: time)
                waiting.cancel()
            }
        }
        defer { alarm?.cancel() }
        switch await waiting.value {
        case nil: return [("slot", .unsigned(slot.rawValue))]
        // Nobody else cancels it.
        case .cancelled: return [("error", .string("timed_out"))]
        case .closed: return [("error", .string("closed"))]
        case .storeFailed: return [("error", .string(Failure.storeFailed))]
        case .runFailed: return [("error", .string("run_failed"))]
        }
    }

    func snapshot(through slot: Slot, _ state: [UInt8]) async -> [(String, JSON)] {
        do {
            let info = try await log.writeSnapshot(through: slot) { writer in
                try writer.write(state)
            }
            return [
                ("slot", .unsigned(info.slot.rawValue)), ("bytes", .integer(Int(info.bytes))),
            ]
        } catch {
            let name = (error as? SnapshotError)?.name ?? "snapshot_failed"
            return [("error", .string(name)), ("detail", .string("\(error)"))]
        }
    }
}

extension SnapshotError {
    fileprivate var name: String {
        switch self {
        case .notDelivered: "not_delivered"
        case .insideBatch: "inside_batch"
        case .notNewer: "not_newer"
        case .busy: "busy"
        case .trimmed: "trimmed"
        case .outOfSpace: "full"
        case .closed: "closed"
        case .storeFailed: Failure.storeFailed
        default: "snapshot_failed"
        }
    }
}

extension CursorError {
    fileprivate var fields: [(String, JSON)] {
        switch self {
        case .notDelivered(let through):
            [("error", .string("not_delivered")), ("delivered_slot", .unsigned(through.rawValue))]
        case .tooMany: [("error", .string("too_many_cursors"))]
        case .removed: [("error", .string("removed"))]
        case .timedOut: [("error", .string("timed_out"))]
        case .cancelled: [("error", .string("cancelled"))]
        case .closed: [("error", .string("closed"))]
        case .storeFailed: [("error", .string(Failure.storeFailed))]
        case .runFailed: [("error", .string("run_failed"))]
        case .rolledBack: [("error", .string("rolled_back"))]
        }
    }
}
