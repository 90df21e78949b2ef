import DiskShim
import Platform
import TestSupport
import Testing

@testable import ReplicatedLog

/// The power is cut at every point of a node's life, and whatever the disk may then hold is recovered
/// from: all that was said is true, nothing has effect twice, and no image refuses to open.
///
/// `RLOG_POWER_IMAGES` sets how many images are tried (0 for all), `RLOG_POWER_SEED` the seed of the
/// sample where not all are.
@Suite(.computing, .serialized) struct PowerLossTests {
    static let seed = UInt64(setting("RLOG_POWER_SEED", default: 1))
    static let limit = setting("RLOG_POWER_IMAGES", default: 1_000)

    private func replay(
        _ recording: DiskRecording,
        _ scratch: Scratch,
        telling: Telling = .truthfully,
        after before: Said = Said(),
        limit: Int = Self.limit,
        first: Int = 0
    ) async throws -> Replay.Result {
        let said = recording.said(telling, after: before)
        let check = ImageCheck(configuration: try .small())
        let replay = Replay(
            recording: recording,
            scratch: scratch,
            limit: limit == 0 ? .max : limit,
            seed: Self.seed,
            enough: telling == .truthfully ? 5 : 1,
            first: first
        )
        return try await replay.run { root, point in
            await check.violations(at: root, said: said[point])
        }
    }

    private func report(_ name: String, _ recording: DiskRecording, _ result: Replay.Result) {
        print(
            "\(name): \(recording.events.count) events, \(result.points) points "
                + "(\(result.exhaustivePoints) exhaustive), \(result.tried) images tried of "
                + "\(result.legal) chosen, \(result.violations.count) violations, seed \(Self.seed)"
        )
    }

    private func expectNone(_ result: Replay.Result, _ scratch: Scratch) {
        for violation in result.violations { Issue.record("\(violation)") }
        if !result.violations.isEmpty { scratch.keep() }
    }

    private func record(_ scratch: Scratch) async throws -> DiskRecording {
        let parent = scratch.path + "/recorded"
        try FileSystem.makeDirectory(parent)
        return try await Script.record(in: parent)
    }

    @Test(.tags(.slow)) func nothingThatWasSaidIsLost() async throws {
        let scratch = try Scratch("power")
        let recording = try await record(scratch)
        let result = try await replay(recording, scratch)
        report("power loss", recording, result)
        expectNone(result, scratch)
        #expect(result.tried > (Self.limit == 0 ? 500 : Self.limit / 4))
        let told = recording.said(.truthfully).last?.told.count ?? 0
        #expect(told > 50)
    }

    /// The same again while a node recovers from what the first crash has left.
    @Test(.tags(.slow)) func nothingIsLostWhenTheRecoveryIsCutShort() async throws {
        let scratch = try Scratch("power-again")
        let recording = try await record(scratch)
        let said = recording.said(.truthfully)
        let told = said.indices.filter { said[$0].told.count > 4 }
        for part in 1...3 {
            let point = told[told.count * part / 4]
            let images = CrashImages(recording, crashAt: point).images
            guard let image = images.dropFirst(images.count * part / 4).first else { continue }
            let parent = scratch.path + "/again-\(part)"
            try image.materialise(at: parent)
            let again = try await Script.recordRecovery(in: parent, firstID: 10_000)
            let result = try await replay(
                again,
                scratch,
                after: said[point],
                limit: Self.limit / 8
            )
            report(
                "power loss in recovery \(part), \(image.choice.versions.count) sectors",
                again,
                result
            )
            expectNone(result, scratch)
            #expect(result.tried > (Self.limit == 0 ? 50 : Self.limit / 80))
        }
    }

    // MARK: - Controls: what the test must find

    @Test(.tags(.slow), arguments: [Telling.whenTheFlushBegins, .whenTheMetaPageIsWritten])
    func acknowledgingEarlyIsFound(_ telling: Telling) async throws {
        let scratch = try Scratch("power-early")
        let recording = try await record(scratch)
        let result = try await replay(recording, scratch, telling: telling, limit: 4_000)
        report("control \(telling)", recording, result)
        #expect(result.violations.contains { $0.contains("told to be in slot") })
    }
}
