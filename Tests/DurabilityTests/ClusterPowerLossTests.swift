import DiskShim
import Glibc
import PaxosCore
import Platform
import TestSupport
import Testing

@testable import ReplicatedLog

/// Three real nodes under load, whose leaders are deposed again and again; the power is cut at every
/// point. Whatever had left a node by then (promise, page, acceptance, prepare, a watermark, an
/// acknowledgement) is true of all that its disk may hold (`R28`), and what was chosen is what any quorum
/// of the disks tells a candidate.
///
/// All three disks are recorded in one order, so that each node is looked at in every role it had.
/// `RLOG_POWER_IMAGES` and `RLOG_POWER_SEED` are those of `PowerLossTests`.
@Suite(.computing, .serialized) struct ClusterPowerLossTests {
    private static let limit = PowerLossTests.limit
    private static var isLong: Bool { limit == 0 || limit > 20_000 }

    /// A part of the images that may be tried.
    private static func share(_ part: Int) -> Int { limit == 0 ? .max : max(2, limit / part) }

    private func replay(
        _ disks: DiskRecording,
        _ scratch: Scratch,
        limit: Int,
        enough: Int = 5,
        _ check: @escaping Replay.Check
    ) async throws -> Replay.Result {
        let replay = Replay(
            recording: disks,
            scratch: scratch,
            limit: limit,
            seed: PowerLossTests.seed,
            enough: enough
        )
        return try await replay.run(check)
    }

    private func image(of node: NodeID, at root: String) throws -> StoredImage {
        try StoredImage(
            of: root + "/" + ClusterRecording.directory(of: node),
            try ClusterScript.configuration(node)
        )
    }

    private func report(_ name: String, _ result: Replay.Result, _ checked: Int) {
        print(
            "\(name): \(result.points) points (\(result.exhaustivePoints) exhaustive), "
                + "\(result.tried) images tried of \(result.legal) chosen, "
                + "\(checked) statements looked up in them, "
                + "\(result.violations.count) violations, seed \(PowerLossTests.seed)"
        )
    }

    private func expectNone(_ result: Replay.Result, _ scratch: Scratch) {
        for violation in result.violations { Issue.record("\(violation)") }
        if !result.violations.isEmpty { scratch.keep() }
    }

    // MARK: - One node

    private func replay(
        _ node: NodeID,
        _ recording: ClusterRecording,
        _ log: [Slot: Entry],
        _ scratch: Scratch,
        limit: Int,
        enough: Int = 5
    ) async throws -> Replay.Result {
        let check = ClaimCheck(log: log, recording)
        let checked = Locked(0)
        let result = try await replay(
            recording.disk(of: node),
            scratch,
            limit: limit,
            enough: enough
        ) { root, point in
            let own = recording.departures(before: point).filter { $0.departure.node == node }
            checked.withLock { $0 += own.count }
            do {
                return check.violations(try self.image(of: node, at: root), own)
            } catch {
                return ["refused: \(error)"]
            }
        }
        report("power loss of \(node)", result, checked.withLock { $0 })
        return result
    }

    // MARK: - The cluster

    /// The disks of all nodes lose power at once, each in its own way.
    private func replayAll(
        _ recorded: ClusterScript.Recorded,
        _ scratch: Scratch,
        limit: Int
    ) async throws -> Replay.Result {
        let recording = recorded.recording
        let check = ClaimCheck(log: recorded.log, recording)
        let checked = Locked(0)
        let result = try await replay(recording.disks, scratch, limit: limit) { root, point in
            let left = recording.departures(before: point)
            let chosen = left.map(\.claims.chosen).max() ?? .zero
            checked.withLock { $0 += left.count }
            do {
                let images = try ClusterScript.members.map { try self.image(of: $0, at: root) }
                return check.violations(images, chosen: chosen)
            } catch {
                return ["refused: \(error)"]
            }
        }
        report("power loss of all", result, checked.withLock { $0 })
        return result
    }

    private func restartAll(
        _ recorded: ClusterScript.Recorded,
        _ scratch: Scratch,
        limit: Int
    ) async throws -> Replay.Result {
        let recording = recorded.recording
        let checked = Locked(0)
        let result = try await replay(recording.disks, scratch, limit: limit) { root, point in
            var told: [UInt64: UInt32] = [:]
            for placed in recording.departures(before: point) {
                if let (slot, id) = placed.claims.appended { told[slot.rawValue] = id }
            }
            checked.withLock { $0 += told.count }
            return await ClusterRestart().violations(at: root, told: told)
        }
        report("restart of all", result, checked.withLock { $0 })
        return result
    }

    // MARK: - Tests

    @Test(.tags(.slow)) func whatLeftANodeIsTrueOfItsDisk() async throws {
        let scratch = try Scratch("power-cluster")
        let recorded = try await ClusterScript.record(
            in: scratch.path + "/recorded",
            falls: Self.isLong ? 8 : 2,
            appends: Self.isLong ? 12 : 4
        )
        let recording = recorded.recording
        let kinds = recording.kinds.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        print(
            "cluster: \(recording.disks.events.count) events, \(recorded.log.count) slots, "
                + "\(recording.proposedAgain) proposed again; \(kinds.joined(separator: ", "))"
        )
        // Each role was there: who led and fell came back as a follower, who followed went over.
        #expect(!recording.deposed.isEmpty && !recording.wentOver.isEmpty)
        #expect(recording.proposedAgain > 0)
        for kind in ["promise", "page", "accepted", "prepare", "acknowledgement"] {
            #expect(recording.kinds[kind, default: 0] > 0, "\(kind)")
        }
        for node in ClusterScript.members {
            let limit = Self.share(20)
            let result = try await replay(node, recording, recorded.log, scratch, limit: limit)
            expectNone(result, scratch)
            #expect(result.tried >= min(limit / 4, 500))
        }
        expectNone(try await replayAll(recorded, scratch, limit: Self.share(40)), scratch)
        let restarts = Self.limit == 0 ? 400 : Self.share(1_000)
        expectNone(try await restartAll(recorded, scratch, limit: restarts), scratch)
    }

    // MARK: - Controls: what the test must find

    private func control(
        _ name: String,
        limit: Int,
        _ break: (ClusterRecording) -> ClusterRecording
    ) async throws -> [String] {
        let scratch = try Scratch("power-cluster-\(name)")
        let recorded = try await ClusterScript.record(
            in: scratch.path + "/recorded",
            falls: 1,
            appends: 2
        )
        let recording = `break`(recorded.recording)
        var found: [String] = []
        for node in ClusterScript.members {
            let result = try await replay(
                node,
                recording,
                recorded.log,
                scratch,
                limit: limit,
                enough: 1
            )
            found += result.violations
        }
        return found
    }

    @Test(.tags(.slow)) func receiptsAtTheCommitAreFound() async throws {
        let found = try await control("early", limit: 300) { $0.receiptedAtCommit() }
        for violation in found.prefix(3) { print("found: \(violation)") }
        #expect(found.contains { $0.contains("accepted at") || $0.contains("promise at") })
    }

    /// In a process of its own: LMDB may crash over what it then finds, which is a violation too.
    @Test(.tags(.slow)) func withoutFlushesDamageIsFound() async throws {
        let result = try await #require(
            processExitsWith: .failure,
            observing: [\.standardOutputContent]
        ) {
            let found = try await ClusterPowerLossTests().control("unflushed", limit: 12) {
                $0.withoutFlushes()
            }
            for violation in found { print("found: \(violation)") }
            if !found.isEmpty { exit(1) }
        }
        print(String(decoding: result.standardOutputContent, as: UTF8.self))
    }
}
