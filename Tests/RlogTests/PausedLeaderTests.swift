import Foundation
import NodeProcesses
import TestSupport
import Testing

extension TrioTests {
    /// A leader that was stopped for longer than an election and goes on as if no time had passed.
    @Suite struct PausedLeaderTests {
        /// What was asked of it meanwhile is read by it first of all, while it still takes itself for the
        /// leader. Its old ballot must not acknowledge that, and no barrier may miss what was acknowledged
        /// behind its back.
        @Test func itAcknowledgesNothingUnderItsOldBallot() async throws {
            try await blocking {
                let scratch = try Scratch("rlog")
                let trio = try Trio(in: scratch)
                #expect(trio[0].ask("append", #","payload":"first""#) != nil)
                var woken: [(slot: UInt64, place: Int, oldBallot: String)] = []
                for round in 0..<3 {
                    let place = try #require(trio.leader())
                    let leader = trio[place]
                    let oldBallot = try #require(leader.ask("status")?.ballot)
                    // No thread of it runs any more: what is asked from here on, it takes after the pause.
                    try #require(leader.stop())
                    let early = leader.send("append", #","payload":"early\#(round)""#)
                    var last: UInt64 = 0
                    for number in 0..<5 {
                        let payload = #","payload":"b\#(round)-\#(number)""#
                        let answer = trio[(place + 1) % 3].ask("append", payload)
                        last = try #require(answer?.slot)
                    }
                    let late = leader.send("append", #","payload":"late\#(round)""#)
                    let barrier = leader.send("barrier")
                    leader.signal(SIGCONT)
                    let answers = [early, late, barrier].map { $0.wait(atMost: .seconds(60)) }
                    #expect(answers.allSatisfy { $0 != nil })
                    if let seen = answers[2]?.slot {
                        #expect(seen >= last, "round \(round): a barrier missed slot \(last)")
                    }
                    for slot in answers[..<2].compactMap({ $0?.slot }) {
                        #expect(
                            slot > last,
                            "round \(round): the old ballot acknowledged slot \(slot)"
                        )
                        woken.append((slot, place, oldBallot))
                    }
                    #expect(leader.ask("status")?.ballot != oldBallot)
                }
                // What it took was given to the new leader, so some of it is in the log.
                #expect(!woken.isEmpty)
                trio.end()
                for (slot, place, oldBallot) in woken {
                    let dump = try Rlog.run("dump", trio.directories[place]).objects()
                    let row = try #require(dump.first { $0["slot"] as? Int == Int(slot) })
                    #expect(row["ballot"] as? String != oldBallot)
                }
            }
        }
    }
}
