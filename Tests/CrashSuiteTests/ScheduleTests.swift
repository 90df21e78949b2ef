import NodeProcesses
import Testing

@testable import crash_suite

/// What goes wrong is drawn from the seed alone.
@Suite struct ScheduleTests {
    private static func draw(_ seed: UInt64, _ groups: [String] = Schedule.groups) -> [String] {
        let schedule = Schedule(seed: seed, members: 3, milliseconds: 600_000, groups: groups)
        return schedule.steps.map { "\($0)" }
    }

    @Test func theSameSeedDrawsTheSame() {
        #expect(Self.draw(1) == Self.draw(1))
        #expect(Self.draw(1) != Self.draw(2))
    }

    @Test func everyKindIsDrawnAndNoneThatIsLeftOut() {
        let schedule = Schedule(
            seed: 5,
            members: 5,
            milliseconds: 3_600_000,
            groups: Schedule.groups
        )
        let kinds = Set(schedule.steps.map(\.fault.kind))
        let others = ["kill", "kill-all", "terminate", "pause", "fill-disk", "fail-flush"]
        let links = LinkFault.allCases.flatMap { [$0.name, "one-way-\($0.name)"] }
        #expect(kinds == Set(others + links))
        #expect(Self.draw(5, ["pause"]).allSatisfy { $0.contains("pause") })
        #expect(!Self.draw(5, ["pause"]).isEmpty)
    }

    /// However a stream arrives, it is cut at the handshake and at every frame.
    @Test(arguments: [1, 3, 50, 1_000])
    func framesAreCutWhole(piece: Int) {
        var handshake = [UInt8](repeating: 7, count: 84 + 5)
        handshake[14] = 5
        let frames: [[UInt8]] = [3, 0, 300].map { body in
            [UInt8(body & 0xFF), UInt8(body >> 8), 0, 0] + Array(repeating: 9, count: 28 + body)
        }
        let stream = handshake + frames.joined()
        var cutter = FrameCutter()
        var cut: [[UInt8]] = []
        for begin in stride(from: 0, to: stream.count, by: piece) {
            cut += cutter.take(stream[begin..<min(begin + piece, stream.count)])
        }
        #expect(cut == [handshake] + frames)
    }
}
