import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

/// Whether links are measured: half an hour of a machine that does nothing else.
private let isMeasured = ProcessInfo.processInfo.environment["RLOG_LINKS"] == "measure"

extension TrioTests {
    /// What is asked of narrow links with the default limits and timeouts, at three widths, near and far
    /// (`R83`): no change of leader, no byte carried that nobody needs, small appends beside large ones, and
    /// a follower that comes back. docs/PERFORMANCE.md has what came of it.
    @Suite(.enabled(if: isMeasured)) struct LinkMeasurements {
        struct Way: CustomTestStringConvertible, Sendable {
            let bytesPerSecond: Int
            /// From one end to the other and back.
            let roundTrip: Duration

            var testDescription: String {
                "\(bytesPerSecond / 1_000_000) MB/s, \(Int(roundTrip / .milliseconds(1))) ms"
            }

            static let all = [1_000_000, 5_000_000, 25_000_000].flatMap { width in
                [2, 50].map { Way(bytesPerSecond: width, roundTrip: .milliseconds($0)) }
            }

            var shape: LinkShape {
                LinkShape(bytesPerSecond: bytesPerSecond, delay: roundTrip / 2)
            }

            /// What so many bytes need to be there and to be answered.
            func seconds(for bytes: Int) -> Double {
                Double(bytes) / Double(bytesPerSecond) + roundTrip / .seconds(1)
            }
        }

        /// A trio on links that has a leader, and what has happened since.
        private struct Measured {
            let trio: Trio
            let way: Way
            let leader: Int
            private let ballot: String
            private let before: Int

            init(_ way: Way, in scratch: Scratch) throws {
                self.way = way
                trio = try Trio(in: scratch, election: 300, shape: way.shape)
                #expect(trio[0].ask("append", #","payload":"first""#)?.isCommitted == true)
                leader = try #require(trio.leader())
                ballot = try #require(trio[leader].ask("status")?.ballot)
                before = trio.links?.carriedBytes ?? 0
            }

            var carried: Int { (trio.links?.carriedBytes ?? 0) - before }

            /// Says what was carried of what both followers need.
            func report(_ name: String, payloads: Int, _ more: String) {
                let ratio = Double(carried) / Double(2 * payloads)
                print("\(name), \(way.testDescription): \(ratio.rounded(to: 3)) carried, \(more)")
                #expect(ratio <= 1.3)
                #expect(trio[leader].ask("status")?.ballot == ballot, "another leader")
            }

            /// An append of one byte through the leader; how long it took.
            func smallAppend() -> Double? {
                let begin = MonotonicClock.now()
                let reply = trio[leader].ask(
                    "append",
                    #","payload":"y","timeout_ms":120000"#,
                    atMost: .seconds(120)
                )
                return reply?.isCommitted == true ? begin.secondsAgo : nil
            }
        }

        @Test(arguments: Way.all) func batchesOfFourMegabytes(_ way: Way) async throws {
            try await blocking {
                let scratch = try Scratch("rlog")
                let measured = try Measured(way, in: scratch)
                let payload = String(repeating: "x", count: 1_000_000)
                let list = Array(repeating: "\"\(payload)\"", count: 4).joined(separator: ",")
                var worst = 0.0
                for _ in 0..<3 {
                    let batch = measured.trio[measured.leader].send(
                        "append_batch",
                        #","payloads":[\#(list)],"timeout_ms":120000"#
                    )
                    worst = max(worst, measured.smallAppend() ?? .infinity)
                    #expect(batch.wait(atMost: .seconds(120))?.isCommitted == true)
                }
                let queue = way.seconds(for: 4_000_000)
                measured.report(
                    "batches of 4 MB",
                    payloads: 3 * 4_000_000,
                    "small append \(worst.rounded(to: 3)) s behind \(queue.rounded(to: 3)) s"
                )
                #expect(worst <= 2 * queue)
                measured.trio.end()
            }
        }

        @Test(arguments: Way.all) func appendsOfAQuarterMegabyte(_ way: Way) async throws {
            try await blocking {
                let scratch = try Scratch("rlog")
                let measured = try Measured(way, in: scratch)
                let bytes = 256 << 10
                let load = Load(
                    measured.trio,
                    on: [measured.leader],
                    outstanding: 4,
                    payloadBytes: bytes
                )
                let begin = MonotonicClock.now()
                var waits: [Double] = []
                while begin.secondsAgo < 15 { waits.append(measured.smallAppend() ?? .infinity) }
                #expect(load.stop())
                waits.sort()
                let queue = way.seconds(for: 4 * bytes)
                let median = waits[waits.count / 2]
                measured.report(
                    "256 KiB at 4",
                    payloads: load.count * bytes,
                    """
                    \(load.count) in \(begin.secondsAgo.rounded(to: 1)) s, small appends: median \
                    \(median.rounded(to: 3)) s, worst \((waits.last ?? 0).rounded(to: 3)) s behind \
                    \(queue.rounded(to: 3)) s
                    """
                )
                #expect((waits.last ?? .infinity) <= 2 * queue)
                measured.trio.end()
            }
        }

        /// 300 MB behind, while appends go on. It falls behind on links that are wide.
        @Test(arguments: Way.all) func aFollowerComesBack(_ way: Way) async throws {
            try await blocking {
                let scratch = try Scratch("rlog")
                let measured = try Measured(way, in: scratch)
                let trio = measured.trio
                let away = (measured.leader + 1) % 3
                trio[away].signal(SIGKILL)
                #expect(trio[away].ending(within: .seconds(60)) == -SIGKILL)
                let bytes = 64 << 10
                let behind = 300_000_000
                let wide = LinkShape(bytesPerSecond: 200_000_000, bufferBytes: 1 << 20)
                trio.links?.reshape(wide)
                let fill = Load(
                    trio,
                    on: [measured.leader],
                    outstanding: 32,
                    payloadBytes: bytes
                )
                #expect(waitUntil(.seconds(120)) { fill.count * bytes >= behind })
                #expect(fill.stop())
                trio.links?.reshape(way.shape)
                let load = Load(trio, on: [measured.leader], outstanding: 1, payloadBytes: 100)
                // Not until it is whole again: that is what takes the time.
                let begin = MonotonicClock.now()
                try trio.start(again: away)
                let end = try #require(trio[measured.leader].ask("status")?.committedSlot)
                #expect(
                    waitUntil(.seconds(600)) {
                        (trio[away].ask("status")?.deliveredSlot ?? 0) >= end
                    }
                )
                let seconds = begin.secondsAgo
                let share = Double(behind) / seconds / Double(way.bytesPerSecond)
                #expect(load.stop())
                measured.report(
                    "\(behind / 1_000_000) MB behind",
                    payloads: fill.count * bytes,
                    "there after \(seconds.rounded(to: 1)) s, \(share.rounded(to: 2)) of the link"
                )
                #expect(share >= 0.7)
                trio.end()
            }
        }

        /// It is 300 MB behind, and must neither lead nor stand in the way.
        @Test func aLaggardIsStartedWhileTheLeaderDies() async throws {
            try await blocking {
                let scratch = try Scratch("rlog")
                let trio = try Trio(in: scratch, election: 300)
                #expect(trio[0].ask("append", #","payload":"first""#)?.isCommitted == true)
                let leader = try #require(trio.leader())
                let (away, other) = ((leader + 1) % 3, (leader + 2) % 3)
                trio[away].signal(SIGKILL)
                #expect(trio[away].ending(within: .seconds(60)) == -SIGKILL)
                let bytes = 64 << 10
                let fill = Load(trio, on: [leader], outstanding: 32, payloadBytes: bytes)
                #expect(waitUntil(.seconds(120)) { fill.count * bytes >= 300_000_000 })
                #expect(fill.stop())
                try trio.start(again: away)
                #expect(waitUntil(.seconds(60)) { trio[away].isReady })
                trio[leader].signal(SIGKILL)
                let begin = MonotonicClock.now()
                let reply = trio[other].ask("append", #","payload":"y","timeout_ms":60000"#)
                let seconds = begin.secondsAgo
                #expect(reply?.isCommitted == true)
                print("laggard of 300 MB, leader dead: first append \(seconds.rounded(to: 2)) s")
                #expect(seconds <= 1.5)
                for place in [away, other] { trio[place].endInput() }
                for place in [away, other] { _ = trio[place].ending(within: .seconds(60)) }
            }
        }
    }
}

extension Double {
    fileprivate func rounded(to digits: Int) -> String { String(format: "%.\(digits)f", self) }
}
