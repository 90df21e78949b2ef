import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

extension TrioTests {
    /// The leader ends under load, and another one takes over in time. Each round begins with a whole
    /// cluster. The bounds are election timeouts; the timeout is long, so that a machine that is busy with
    /// other tests, whose delays do not grow with it, keeps them all the same.
    @Suite struct ReplacedLeaderTests {
        private static let election = 1_000
        private static let timeout = Double(election) / 1_000

        /// Asks both survivors, after the leader has ended, so that only a new one can answer.
        private static func firstAcknowledgement(_ trio: Trio, without leader: Int) -> Bool {
            let pending = (0..<3).filter { $0 != leader }.map {
                trio[$0].send("append", #","payload":"first after the end""#)
            }
            return waitUntil(.seconds(60)) { pending.contains { $0.reply?.isCommitted == true } }
        }

        /// Nothing that was acknowledged is lost, and all agree.
        private static func expectAll(_ load: Load, in trio: Trio) throws {
            #expect(load.stop())
            let end = try #require(trio[0].ask("barrier")?.slot)
            let acknowledged = load.acknowledged
            #expect(acknowledged.count > 100)
            let first = trio.log(0, through: end)
            #expect(acknowledged.allSatisfy { first[$0] == $1 })
            let own = first.values.filter { $0.hasPrefix("n") }
            #expect(Set(own).count == own.count)
            for place in 1..<3 {
                _ = trio[place].ask("barrier")
                #expect(trio.log(place, through: end) == first)
            }
            trio.end()
        }

        /// From the signal on: twenty times within three election timeouts.
        @Test(.longest) func aKilledLeaderIsReplaced() async throws {
            try await blocking {
                let scratch = try Scratch("rlog")
                let trio = try Trio(in: scratch, election: Self.election)
                #expect(trio[0].ask("append", #","payload":"first""#) != nil)
                let load = Load(trio, on: [0, 1, 2], outstanding: 8)
                var waits: [Double] = []
                for round in 0..<20 {
                    let leader = try #require(trio.leader())
                    let begin = MonotonicClock.now()
                    trio[leader].signal(SIGKILL)
                    #expect(trio[leader].ending(within: .seconds(60)) == -SIGKILL)
                    #expect(Self.firstAcknowledgement(trio, without: leader), "round \(round)")
                    waits.append(begin.secondsAgo)
                    try trio.restart(leader)
                    load.resume(leader)
                }
                print("first acknowledgement after a kill, seconds: \(waits.sorted())")
                #expect(waits.allSatisfy { $0 <= 3 * Self.timeout }, "\(waits)")
                try Self.expectAll(load, in: trio)
            }
        }

        /// From the end of the process on: within one election timeout, because it said farewell.
        @Test func anOrderlyShutdownMakesWay() async throws {
            try await blocking {
                let scratch = try Scratch("rlog")
                let trio = try Trio(in: scratch, election: Self.election)
                #expect(trio[0].ask("append", #","payload":"first""#) != nil)
                let load = Load(trio, on: [0, 1, 2], outstanding: 8)
                var waits: [Double] = []
                for round in 0..<5 {
                    let leader = try #require(trio.leader())
                    trio[leader].signal(SIGTERM)
                    #expect(trio[leader].ending(within: .seconds(60)) == 0)
                    let begin = MonotonicClock.now()
                    #expect(Self.firstAcknowledgement(trio, without: leader), "round \(round)")
                    waits.append(begin.secondsAgo)
                    try trio.restart(leader)
                    load.resume(leader)
                }
                print("first acknowledgement after an orderly shutdown, seconds: \(waits.sorted())")
                #expect(waits.allSatisfy { $0 <= Self.timeout }, "\(waits)")
                try Self.expectAll(load, in: trio)
            }
        }
    }
}
