import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

extension TrioTests {
    /// The wall clocks of nodes jump by two hours either way while they work.
    @Suite struct ClockJumpTests {
        private static let election = 1_500
        private static let hours: Int64 = 2 * 3_600

        private static func clocks(in scratch: Scratch) throws -> [JumpingClock] {
            let clocks = try (1...3).compactMap { [path = scratch.path] in
                try JumpingClock(file: "\(path)/clock\($0)")
            }
            if clocks.isEmpty { print("no clang: no clock jumps") }
            return clocks
        }

        /// What the others rest on: a process sees the jump.
        @Test func theClockJumps() throws {
            let scratch = try Scratch("rlog")
            guard let clock = try Self.clocks(in: scratch).first else { return }
            func now() throws -> Int64 {
                let date = try BuiltProgram("/bin/date", ["+%s"], environment: clock.environment)
                let output = date.wait().output
                return try #require(Int64(output.filter { $0.isNumber }))
            }
            let before = try now()
            try clock.jump(toSeconds: Self.hours)
            #expect((Self.hours..<Self.hours + 60).contains(try now() - before))
            try clock.jump(toSeconds: -Self.hours)
            #expect((-Self.hours..<60 - Self.hours).contains(try now() - before))
            #expect(try clock.reads() ?? 0 >= 3)
        }

        /// Each node's clock jumps each way, the leader's too; for two election timeouts after each jump
        /// appends go on under the same ballot.
        @Test func nothingChanges() async throws {
            try await blocking {
                let scratch = try Scratch("rlog")
                let clocks = try Self.clocks(in: scratch)
                guard clocks.count == 3 else { return }
                let trio = try Trio(
                    in: scratch,
                    election: Self.election,
                    environments: clocks.map(\.environment)
                )
                #expect(trio[0].ask("append", #","payload":"first""#)?.isCommitted == true)
                let promised = try (0..<3).map { try #require(trio[$0].ask("status")?.promised) }
                #expect(Set(promised).count == 1)
                let load = Load(trio, on: [0, 1, 2], outstanding: 4)
                for shifts in [[1, -1, 0], [-1, 0, 1], [0, 1, -1]] as [[Int64]] {
                    for (clock, shift) in zip(clocks, shifts) {
                        try clock.jump(toSeconds: shift * Self.hours)
                    }
                    var longest = 0.0
                    var last = (count: load.count, instant: MonotonicClock.now())
                    let rate = load.rate { seconds in
                        if load.count > last.count {
                            last = (load.count, MonotonicClock.now())
                        } else {
                            longest = max(longest, last.instant.secondsAgo)
                        }
                        return seconds < 2 * Double(Self.election) / 1_000
                    }
                    #expect(rate > 10)
                    #expect(longest < Double(Self.election) / 1_000, "no append for \(longest) s")
                    for place in 0..<3 {
                        #expect(trio[place].ask("status")?.promised == promised[place])
                        let status = trio[place].ask(
                            "append",
                            #","payload":"x""#,
                            atMost: .seconds(1)
                        )
                        #expect(status?.isCommitted == true)
                    }
                }
                #expect(load.stop())
                let reads = try clocks.map { try $0.reads() ?? -1 }
                #expect(!reads.contains(-1), "a node runs without the shim")
                print("times that the nodes looked at the wall clock: \(reads)")
                trio.end()
            }
        }
    }
}
