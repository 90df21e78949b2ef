import PaxosCore
import Platform

@testable import ReplicatedLog

/// A directory of a one-member cluster, and what appends to it came to.
struct NodeDirectory: Sendable {
    let path: String
    var configuration: LogNode.Configuration

    /// A data directory below `parent`, not made yet.
    init(below parent: String, _ configuration: LogNode.Configuration) {
        path = parent + "/n1"
        self.configuration = configuration
    }

    func create() async throws { try await LogNode.create(configuration, directory: path) }

    /// Opens and runs it.
    func start() async throws -> RunningNode {
        RunningNode(try await LogNode.open(configuration, directory: path))
    }

    /// Everything effective, after an append that shows that the log still takes some.
    func everything(probe: UInt32 = .max) async throws -> [UInt64: UInt32] {
        let node = try await start()
        let last = try await node.log.append(TestPayload(id: probe).bytes)
        let found = try await Self.everything(of: node.log, through: last)
        if let error = await node.shutdown() { throw error }
        return found
    }

    /// The ids by slot; 0 for what no append wrote.
    static func everything(of log: LogNode, through last: Slot) async throws -> [UInt64: UInt32] {
        var found: [UInt64: UInt32] = [:]
        var next = Slot.first
        while next <= last {
            let page = try await log.entries(in: next...last)
            for entry in page.entries {
                found[entry.slot.rawValue] = TestPayload(entry.payload)?.id ?? 0
            }
            next = page.through.next
        }
        return found
    }
}

/// How the appends of a load ended.
final class Outcomes: Sendable {
    struct Found: Sendable {
        /// Ids by slot.
        var told: [UInt64: UInt32] = [:]
        var never: [UInt32: AppendError.Reason] = [:]
        var unknown: [UInt32: AppendError.Reason] = [:]
        /// What is none of the three.
        var strange: [String] = []
        /// The node's health as the first caller who failed saw it.
        var health: LogStatus.Health?
    }

    private let found = Locked(Found())

    var now: Found { found.withLock { $0 } }

    func told(_ slot: Slot, _ id: UInt32) {
        found.withLock { $0.told[slot.rawValue] = id }
    }

    func failed(_ id: UInt32, _ error: AppendError, health: LogStatus.Health) {
        found.withLock { found in
            switch error {
            case .never(let reason): found.never[id] = reason
            case .unknown(_, let reason): found.unknown[id] = reason
            default: found.strange.append("\(id): \(error)")
            }
            found.health = found.health ?? health
        }
    }

    /// Appends from several tasks, each until it fails or has done its share.
    func load(
        _ log: LogNode,
        tasks: Int,
        each: Int = .max,
        fillerBytes: Int? = nil,
        firstID: UInt32 = 1
    ) async {
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    for turn in 0..<min(each, 1 << 20) {
                        let id = firstID + UInt32(task + turn * tasks)
                        guard await self.append(id, to: log, fillerBytes) else { return }
                    }
                }
            }
        }
    }

    private func append(_ id: UInt32, to log: LogNode, _ fillerBytes: Int?) async -> Bool {
        let bytes = TestPayload(id: id, fillerBytes: fillerBytes).bytes
        do throws(AppendError) {
            told(try await log.append(bytes), id)
            return true
        } catch {
            failed(id, error, health: log.status.health)
            return false
        }
    }
}

extension Outcomes.Found {
    /// What the log says against these outcomes: told and not there, never and there, there twice.
    func contradictions(_ rows: [UInt64: UInt32]) -> [String] {
        var contradictions = strange
        for (slot, id) in told where rows[slot] != id {
            let place = rows[slot].map(String.init) ?? "nothing"
            contradictions.append("\(id) was told to be in slot \(slot), which has \(place)")
        }
        let ids = rows.values.sorted()
        for (id, next) in zip(ids, ids.dropFirst()) where id == next {
            contradictions.append("\(id) has effect twice")
        }
        for id in never.keys where ids.contains(id) {
            contradictions.append("\(id) was told never to be there, and is")
        }
        return contradictions
    }
}

extension AppendError.Reason {
    var isStoreFailed: Bool {
        if case .storeFailed = self { true } else { false }
    }
}
