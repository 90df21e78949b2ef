import DiskShim
import Glibc
import PaxosCore
import Platform
import TestSupport

@testable import ReplicatedLog

/// A life of a node, with every statement it makes marked in a recording of its disk.
///
/// It meets everything that writes: creation (recorded from the parent, because of the rename),
/// opening, single appends, batches, groups of several tasks, payloads of several pages, checkpoints,
/// the runway's extension, the mark of an idle node, shutdown in order and without.
struct Script: Sendable {
    static let directory = "n1"
    let recorder: Marker
    let configuration: LogNode.Configuration
    private let path: String
    private let nextID: NextID

    init(in parent: String, firstID: UInt32 = 1) throws {
        recorder = try Marker(directory: parent)
        configuration = try .small()
        path = parent + "/" + Self.directory
        nextID = NextID(firstID)
    }

    func finish() -> DiskRecording { recorder.finish() }

    func create() async throws {
        try await LogNode.create(configuration, directory: path)
        recorder.mark(.created)
    }

    func open() async throws -> RunningNode {
        let log = try await LogNode.open(configuration, directory: path)
        recorder.mark(.opened(boot: log.store.recover().boot.rawValue))
        return RunningNode(log)
    }

    func shutdown(_ node: RunningNode) async throws {
        let committed = node.log.status.committedSlot
        if let error = await node.shutdown() { throw error }
        recorder.mark(.shutDown(committed: committed.rawValue))
    }

    private func takeIDs(_ count: UInt32) -> UInt32 {
        nextID.take(count)
    }

    func single(_ node: RunningNode, fillerBytes: Int? = nil) async throws {
        let id = takeIDs(1)
        let payload = TestPayload(id: id, fillerBytes: fillerBytes)
        let slot = try await node.log.append(payload.bytes)
        recorder.mark(.told(slot: slot.rawValue, id: id))
        if let round = node.log.status.ballot?.round { recorder.mark(.acted(round: round)) }
    }

    func batch(_ node: RunningNode, of count: UInt32) async throws {
        let first = takeIDs(count)
        let payloads = (first..<first + count).map { id in
            TestPayload(id: id, batch: first, batchCount: count).bytes
        }
        let slots = try await node.log.append(contentsOf: payloads)
        for (offset, slot) in (slots.lowerBound.rawValue...slots.upperBound.rawValue).enumerated() {
            recorder.mark(.told(slot: slot, id: first + UInt32(offset)))
        }
    }

    /// What several tasks append at once, so that a transaction holds several of them.
    func group(_ node: RunningNode, tasks: Int, each: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    for turn in 0..<each {
                        if (task + turn) % 5 == 4 {
                            try await batch(node, of: 3)
                        } else {
                            try await single(node)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// What a subscriber has seen must not be gone afterwards (`R60`).
    func read(_ node: RunningNode, count: Int) async throws {
        var left = count
        for try await event in node.log.subscribe(from: .first) {
            guard case .entry(let slot, let bytes, _) = event,
                let payload = TestPayload(bytes)
            else { continue }
            recorder.mark(.told(slot: slot.rawValue, id: payload.id))
            left -= 1
            if left == 0 { break }
        }
    }

    /// Until the idle node has marked its last transaction as flushed.
    func rest(_ node: RunningNode) async throws {
        let before = node.log.store.counters.confirmingFlushes
        // Else it would record less than it says.
        try await eventually("a mark") { node.log.store.counters.confirmingFlushes > before }
    }

    /// The whole script.
    static func record(in parent: String) async throws -> DiskRecording {
        let script = try Script(in: parent)
        try await script.create()

        let first = try await script.open()
        for _ in 0..<6 { try await script.single(first) }
        try await script.batch(first, of: 5)
        try await script.group(first, tasks: 4, each: 3)
        try await script.read(first, count: 10)
        try await script.single(first, fillerBytes: 9_000)
        try await script.rest(first)
        try await script.single(first)
        try await script.shutdown(first)

        let second = try await script.open()
        for _ in 0..<3 { try await script.single(second) }
        try await script.single(second, fillerBytes: 4_100)
        if let error = await second.close() { throw error }

        let third = try await script.open()
        try await script.batch(third, of: 4)
        try await script.group(third, tasks: 6, each: 2)
        try await script.shutdown(third)
        return script.finish()
    }

    /// A shorter one, of a node that opens what a crash has left.
    static func recordRecovery(in parent: String, firstID: UInt32) async throws -> DiskRecording {
        let script = try Script(in: parent, firstID: firstID)
        let node = try await script.open()
        try await script.single(node)
        try await script.group(node, tasks: 2, each: 2)
        try await script.single(node, fillerBytes: 5_000)
        try await script.shutdown(node)
        return script.finish()
    }
}

/// Numbers for appends.
private final class NextID: Sendable {
    private let next: Locked<UInt32>

    init(_ first: UInt32) { next = Locked(first) }

    func take(_ count: UInt32) -> UInt32 {
        next.withLock { next in
            defer { next += count }
            return next
        }
    }
}
