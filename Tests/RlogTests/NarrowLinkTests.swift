import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

extension TrioTests {
    /// Links have a width (`R83`): what is sent over them stands in a queue for longer than an election
    /// timeout, and no leader is lost. Links and timeouts are slower by the same factor than they are by
    /// default, so that a busy machine is no narrow link; `RLOG_LINKS=1` takes the defaults.
    @Suite struct NarrowLinkTests {
        private static let isPlain = ProcessInfo.processInfo.environment["RLOG_LINKS"] == nil
        private static let election = isPlain ? 1_500 : 300
        private static let bytesPerSecond = isPlain ? 1_000_000 : 5_000_000

        private static func trio(in scratch: Scratch) throws -> Trio {
            let shape = LinkShape(bytesPerSecond: bytesPerSecond)
            return try Trio(in: scratch, election: election, shape: shape)
        }

        /// What is sent again shows in what the links carried: three tenths more than was needed at most.
        private static func demand(_ needed: Int, of trio: Trio, since before: Int) {
            let carried = (trio.links?.carriedBytes ?? 0) - before
            #expect(carried * 10 <= needed * 13, "\(carried) bytes carried, \(needed) needed")
        }

        @Test func oneBatchOfFourMegabytesChangesNoLeader() async throws {
            try await blocking {
                let scratch = try Scratch("rlog")
                let trio = try Self.trio(in: scratch)
                #expect(trio[0].ask("append", #","payload":"first""#)?.isCommitted == true)
                let leader = try #require(trio.leader())
                let ballot = try #require(trio[leader].ask("status")?.ballot)
                let before = trio.links?.carriedBytes ?? 0
                let payload = String(repeating: "x", count: 1_000_000)
                let list = Array(repeating: "\"\(payload)\"", count: 4).joined(separator: ",")
                let batch = trio[leader].send(
                    "append_batch",
                    #","payloads":[\#(list)],"timeout_ms":120000"#
                )
                let small = trio[leader].send("append", #","payload":"y","timeout_ms":120000"#)
                #expect(batch.wait(atMost: .seconds(120))?.isCommitted == true)
                #expect(small.wait(atMost: .seconds(120))?.isCommitted == true)
                #expect(trio[leader].ask("status")?.ballot == ballot, "another leader")
                Self.demand(2 * 4_000_000, of: trio, since: before)
                trio.end()
            }
        }

        @Test func largeAppendsChangeNoLeader() async throws {
            try await blocking {
                let scratch = try Scratch("rlog")
                let trio = try Self.trio(in: scratch)
                #expect(trio[0].ask("append", #","payload":"first""#)?.isCommitted == true)
                let leader = try #require(trio.leader())
                let ballot = try #require(trio[leader].ask("status")?.ballot)
                let before = trio.links?.carriedBytes ?? 0
                let load = Load(trio, on: [leader], outstanding: 4, payloadBytes: 256 << 10)
                let enough = 12_000_000
                #expect(
                    waitUntil(.seconds(120)) {
                        (trio.links?.carriedBytes ?? 0) - before >= enough || load.count >= 12
                    }
                )
                #expect(trio[leader].ask("status")?.ballot == ballot, "another leader")
                // Of those under way some has been carried.
                Self.demand(2 * (load.count + 4) * (256 << 10), of: trio, since: before)
                trio.kill()
            }
        }

        /// Of fifty frames one is damaged, which ends its connection: it is there again before anybody
        /// misses its leader.
        @Test func damagedFramesChangeNoLeader() async throws {
            try await blocking {
                let scratch = try Scratch("rlog")
                let trio = try Trio(
                    in: scratch,
                    election: Self.election,
                    hasLinks: true,
                    faultOneIn: 50
                )
                let links = try #require(trio.links)
                #expect(trio[0].ask("append", #","payload":"first""#)?.isCommitted == true)
                let leader = try #require(trio.leader())
                let ballot = try #require(trio[leader].ask("status")?.ballot)
                links.set(.corrupt, on: links.all, key: 1)
                let load = Load(trio, on: [0, 1, 2], outstanding: 1)
                #expect(waitUntil(.seconds(120)) { links.counts[.corrupt, default: 0] >= 60 })
                links.heal(key: 1)
                #expect(load.stop())
                #expect(trio[leader].ask("status")?.ballot == ballot, "another leader")
                #expect(load.count > 0)
                trio.end()
            }
        }
    }
}
