import DiskShim
import Glibc
import PaxosCore
import Platform
import TestSupport
import Testing

@testable import LogStorage
@testable import ReplicatedLog

/// The power is cut at every point while snapshots are written, and every write, flush, rename and flush of
/// the directory fails once: what has a snapshot's name is whole, what was reported is there, and of the
/// rest nothing is left.
@Suite(.computing, .serialized) struct SnapshotPowerLossTests {
    private static let written: UInt64 = 77
    private static let slots: [Slot] = [2, 4, 6]

    /// What the host writes at a slot: of a few chunks, told apart by the slot.
    private static func state(_ slot: Slot) -> [UInt8] {
        [UInt8](repeating: UInt8(slot.rawValue), count: 300_000 * Int(slot.rawValue % 4))
            + Array("slot \(slot)".utf8)
    }

    private static func write(_ log: LogNode, _ slot: Slot) async throws {
        let state = state(slot)
        try await log.writeSnapshot(through: slot) { try $0.write(state) }
    }

    /// A node that writes three of them. When each was reported stands in the recording, and when it began to.
    private static func record(in parent: String) async throws -> DiskRecording {
        let marker = try Marker(directory: parent)
        let directory = NodeDirectory(below: parent, try .small())
        try await directory.create()
        let node = try await directory.start()
        for id in 1...6 { _ = try await node.log.append(TestPayload(id: UInt32(id)).bytes) }
        marker.mark(kind: written, value: 0)
        for slot in slots {
            try await write(node.log, slot)
            marker.mark(kind: written, value: slot.rawValue)
        }
        let recording = marker.finish()
        _ = await node.close()
        return recording
    }

    /// The newest snapshot that was reported before each point.
    private static func reported(_ recording: DiskRecording) -> [Slot] {
        var newest = Slot.zero
        return [newest]
            + recording.events.map { event in
                if case .mark(written, let slot) = event { newest = Slot(rawValue: slot) }
                return newest
            }
    }

    /// What is wrong with an image.
    private static func violations(at root: String, reported: Slot) async -> [String] {
        do {
            let directory = NodeDirectory(below: root, try .small())
            let log = try await LogNode.open(directory.configuration, directory: directory.path)
            let found: [String]
            do {
                found = try await violations(in: directory, reported: reported)
            } catch {
                found = ["\(error)"]
            }
            await log.close()
            return found
        } catch {
            return ["\(error)"]
        }
    }

    private static func violations(
        in directory: NodeDirectory,
        reported: Slot
    ) async throws -> [String] {
        var found: [String] = []
        let named = try SnapshotFolder.slots(in: directory.path)
        if (named.first ?? .zero) < reported { found.append("\(reported) is gone: \(named)") }
        let names = try FileSystem.listDirectory(directory.path)
        found += names.filter { $0.hasSuffix(".part") }.map { "\($0) was not swept" }
        for slot in named {
            let snapshot = try LogSnapshot(
                of: slot,
                cluster: directory.configuration.cluster,
                in: directory.path
            )
            let wanted = state(slot)
            let isSame = try await snapshot.read { reader in
                try reader.read(exactly: wanted.count) == wanted && reader.bytesLeft == 0
            }
            if !isSame || snapshot.base.slot != slot { found.append("\(slot) is not itself") }
        }
        return found
    }

    private static func replay(
        _ recording: DiskRecording,
        _ scratch: Scratch,
        from first: Int,
        enough: Int = 5
    ) async throws -> Replay.Result {
        let reported = reported(recording)
        let replay = Replay(
            recording: recording,
            scratch: scratch,
            limit: 600,
            seed: 1,
            enough: enough,
            first: first
        )
        return try await replay.run { root, point in
            await violations(at: root, reported: reported[point])
        }
    }

    @Test(.tags(.slow)) func whatHasTheNameIsWhole() async throws {
        let scratch = try Scratch("snapshot-power")
        let parent = scratch.path + "/recorded"
        try FileSystem.makeDirectory(parent)
        let recording = try await Self.record(in: parent)
        let first = try #require(
            recording.events.firstIndex(of: .mark(kind: Self.written, value: 0))
        )
        let result = try await Self.replay(recording, scratch, from: first)
        print(
            "snapshots: \(recording.events.count) events, \(result.points) points, "
                + "\(result.tried) images tried, \(result.violations.count) violations"
        )
        for violation in result.violations { Issue.record("\(violation)") }
        #expect(result.tried > 50)
        // Without its flushes the same is found wanting: renamed before it is there.
        let unflushed = recording.withoutFlushes(from: first)
        let control = try await Self.replay(unflushed, scratch, from: first, enough: 1)
        #expect(!control.violations.isEmpty)
    }

    /// A disk that does not answer holds up the writer's thread and nobody else: whoever asks meanwhile is
    /// told at once (`R64`).
    @Test(.tags(.slow)) func aFlushThatHangsHoldsUpNobody() async throws {
        let scratch = try Scratch("snapshot-hang")
        let directory = NodeDirectory(below: scratch.path, try .small())
        try await directory.create()
        let node = try await directory.start()
        for id in 1...4 { _ = try await node.log.append(TestPayload(id: UInt32(id)).bytes) }
        let part = SnapshotFormat.partPath(of: 2, in: directory.path)
        let gate = DiskFault(.flush, below: part, .gate)
        let writing = Task { try await Self.write(node.log, 2) }
        #expect(await eventually { FileSystem.exists(part) && gate.hits > 0 })
        for _ in 0..<64 {
            await #expect(throws: SnapshotError.busy) { try await Self.write(node.log, 3) }
        }
        gate.release()
        try await writing.value
        #expect(try await node.log.latestSnapshot?.info.slot == 2)
        let error = await node.shutdown()
        #expect(error == nil)
    }

    /// Each call that a snapshot makes fails once: a typed error, nothing left, the one before still there,
    /// and the next one comes about.
    @Test(
        .tags(.slow),
        arguments: [
            (DiskOperation.write, ENOSPC), (.flush, EIO), (.rename, EIO), (.directorySync, EIO),
        ]
    )
    func aCallThatFailsLeavesNothing(_ operation: DiskOperation, _ code: Int32) async throws {
        let scratch = try Scratch("snapshot-fault")
        let directory = NodeDirectory(below: scratch.path, try .small())
        try await directory.create()
        let node = try await directory.start()
        for id in 1...40 { _ = try await node.log.append(TestPayload(id: UInt32(id)).bytes) }
        try await Self.write(node.log, 1)
        var slot = Slot(rawValue: 2)
        var failed = 0
        while true {
            let newest = try await node.log.latestSnapshot?.info.slot
            // Below the name that it has while it is written, or gets.
            let target =
                operation == .directorySync
                ? directory.path : SnapshotFormat.path(of: slot, in: directory.path)
            let name = [.rename, .directorySync].contains(operation) ? target : target + ".part"
            let nth = UInt64(failed + 1)
            let fault = DiskFault(operation, below: name, nth: nth, .fail(errno: code))
            do {
                try await Self.write(node.log, slot)
                #expect(fault.hits == 0)
                break
            } catch let error as SnapshotError {
                switch error {
                case .outOfSpace: #expect(code == ENOSPC)
                case .system(let found, _, _): #expect(found == code)
                default: Issue.record("\(error)")
                }
            }
            #expect(fault.hits == 1)
            failed += 1
            let left = try FileSystem.listDirectory(directory.path).filter {
                $0.hasSuffix(".part") || SnapshotFormat.slot(named: $0) == slot
            }
            #expect(left.isEmpty)
            #expect(try await node.log.latestSnapshot?.info.slot == newest)
            slot = slot.next
        }
        #expect(try await node.log.latestSnapshot?.info.slot == slot)
        #expect(failed >= (operation == .write ? 3 : 1))
        let error = await node.shutdown()
        #expect(error == nil)
    }
}
