import DiskShim
import Glibc
import PaxosCore
import Platform
import TestSupport
import Testing

@testable import ReplicatedLog

/// The store alone under power cuts: after each, it holds what some prefix of the submitted writes made,
/// no shorter than what was receipted. The simulator's stores take this for granted.
@Suite(.computing, .serialized) struct StorePowerLossTests {
    /// Which marks count as receipts.
    enum Receipts: Sendable {
        case honest
        /// A control: a write is receipted when it is submitted.
        case atSubmission
    }

    private struct Outcome {
        let recording: DiskRecording
        let result: Replay.Result
    }

    private func replay(
        _ receipts: Receipts,
        writes: Int,
        limit: Int,
        flushes: Bool = true
    ) async throws -> Outcome {
        let scratch = try Scratch("power-store")
        let parent = scratch.path + "/recorded"
        try FileSystem.makeDirectory(parent)
        let script = try StoreScript()
        let seed = PowerLossTests.seed
        let (honest, models) = try await script.record(in: parent, writes: writes, seed: seed)
        let opened =
            honest.events.firstIndex {
                if case .mark = $0 { true } else { false }
            } ?? 0
        let recording = flushes ? honest : honest.withoutFlushes(from: opened)
        let counts = Self.counts(recording, receipts)
        let isControl = receipts != .honest || !flushes
        let result = try await Replay(
            recording: recording,
            scratch: scratch,
            limit: limit == 0 ? .max : limit,
            seed: seed,
            enough: isControl ? 1 : 5,
            first: opened,
            every: flushes ? 1 : 7
        ).run { root, point in
            let (durable, submitted) = counts[point]
            return script.violations(at: root, durable: durable, submitted: submitted, models)
        }
        print(
            "store, \(receipts), flushes \(flushes): \(writes) writes, "
                + "\(recording.events.count) events, \(result.points) points "
                + "(\(result.exhaustivePoints) exhaustive), \(result.tried) images tried of "
                + "\(result.legal) chosen, \(result.violations.count) violations, seed \(seed)"
        )
        if !isControl, !result.violations.isEmpty { scratch.keep() }
        return Outcome(recording: recording, result: result)
    }

    /// How many writes were receipted and submitted before each point.
    private static func counts(
        _ recording: DiskRecording,
        _ receipts: Receipts
    ) -> [(durable: Int, submitted: Int)] {
        var counts = [(durable: 0, submitted: 0)]
        for event in recording.events {
            var (durable, submitted) = counts[counts.count - 1]
            if case .mark(let kind, let value) = event {
                if kind == StoreScript.submitted { submitted = Int(value) }
                if kind == StoreScript.durable { durable = Int(value) }
                if receipts == .atSubmission { durable = submitted }
            }
            counts.append((durable, submitted))
        }
        return counts
    }

    @Test(.tags(.slow)) func aPrefixSurvivesThatHoldsWhatWasReceipted() async throws {
        let limit = PowerLossTests.limit
        let writes = limit == 0 ? 400 : min(400, max(80, limit / 25))
        let outcome = try await replay(.honest, writes: writes, limit: limit)
        for violation in outcome.result.violations { Issue.record("\(violation)") }
        #expect(outcome.result.tried > (limit == 0 ? 500 : limit / 4))
    }

    @Test(.tags(.slow)) func receiptsAtSubmissionAreFound() async throws {
        let outcome = try await replay(.atSubmission, writes: 80, limit: 2_000)
        #expect(!outcome.result.violations.isEmpty)
    }

    /// In a process of its own: LMDB may crash over what it then finds, which is a violation too.
    @Test(.tags(.slow)) func withoutFlushesDamageIsFound() async throws {
        let result = try await #require(
            processExitsWith: .failure,
            observing: [\.standardOutputContent]
        ) {
            let tests = StorePowerLossTests()
            let outcome = try await tests.replay(
                .honest,
                writes: 80,
                limit: 2_000,
                flushes: false
            )
            for violation in outcome.result.violations { print("found: \(violation)") }
            if !outcome.result.violations.isEmpty { exit(1) }
        }
        print(String(decoding: result.standardOutputContent, as: UTF8.self))
    }
}
