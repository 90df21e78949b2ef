import DiskShim
import PaxosCore
import Platform

@testable import LogStorage
@testable import ReplicatedLog

/// Lets a node recover from what a power cut has left, and looks whether all that was said is true.
struct ImageCheck: Sendable {
    let configuration: LogNode.Configuration
    /// The id of the append that shows that the node works again.
    private static let probe = UInt32.max

    /// What is wrong with the image that lies at `root`; nothing if it is as it must be.
    func violations(at root: String, said: Said) async -> [String] {
        let path = root + "/" + Script.directory
        if !FileSystem.exists(path) {
            guard !said.isCreated else { return ["the directory is gone"] }
            do throws(LogCreateError) {
                try await LogNode.create(configuration, directory: path)
            } catch {
                return ["creation refused: \(error)"]
            }
        }
        let log: LogNode
        do throws(LogOpenError) {
            log = try await LogNode.open(configuration, directory: path)
        } catch {
            return ["opening refused: \(error)"]
        }
        let found = Self.contradictions(log.store.recover(), said)
        let node = RunningNode(log)
        do {
            let slot = try await log.append(TestPayload(id: Self.probe).bytes)
            let rows = try await Self.everything(of: log, through: slot)
            _ = await node.close()
            return found + Self.contradictions(rows, said)
        } catch {
            _ = await node.close()
            return found + ["the node does not work: \(error)"]
        }
    }

    private static func contradictions(_ state: RecoveredState, _ said: Said) -> [String] {
        var found: [String] = []
        func check(_ isTrue: Bool, _ text: @autoclosure () -> String) {
            if !isTrue { found.append(text()) }
        }
        check(state.boot.rawValue > said.boot, "boot \(state.boot) after \(said.boot)")
        check(state.lastRound >= said.round, "last round \(state.lastRound) after \(said.round)")
        check(
            state.promised.round >= said.round,
            "promised \(state.promised) after round \(said.round)"
        )
        check(
            state.committed.rawValue >= said.committed,
            "committed \(state.committed) after a shutdown at \(said.committed)"
        )
        return found
    }

    private static func everything(
        of log: LogNode,
        through last: Slot
    ) async throws -> [(slot: UInt64, bytes: [UInt8])] {
        var rows: [(UInt64, [UInt8])] = []
        var next = Slot.first
        while next <= last {
            let page = try await log.entries(in: next...last)
            rows += page.entries.map { ($0.slot.rawValue, $0.payload) }
            next = page.through.next
        }
        return rows
    }

    /// Each append that was told is in its slot, none has effect twice, no batch in part.
    private static func contradictions(
        _ rows: [(slot: UInt64, bytes: [UInt8])],
        _ said: Said
    ) -> [String] {
        var found: [String] = []
        var slots: [UInt32: UInt64] = [:]
        var batches: [UInt32: (found: UInt32, count: UInt32)] = [:]
        for (slot, bytes) in rows {
            guard let payload = TestPayload(bytes) else {
                found.append("slot \(slot) holds what was never appended")
                continue
            }
            if let other = slots.updateValue(slot, forKey: payload.id) {
                found.append("append \(payload.id) has effect in slots \(other) and \(slot)")
            }
            batches[payload.batch, default: (0, payload.batchCount)].found += 1
        }
        for (slot, id) in said.told.sorted(by: { $0.key < $1.key }) where slots[id] != slot {
            let place = slots[id].map { "in slot \($0)" } ?? "gone"
            found.append("append \(id), told to be in slot \(slot), is \(place)")
        }
        for (batch, parts) in batches where parts.found != parts.count {
            found.append("of batch \(batch) there are \(parts.found) of \(parts.count)")
        }
        if slots[probe] == nil { found.append("the append after recovery is gone") }
        return found
    }
}
