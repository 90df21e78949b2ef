import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

extension TrioTests {
    /// A leader whose own map is full, among members with room.
    @Suite struct FullMapTests {
        private static func isFull(_ trio: Trio) -> Bool {
            trio[0].ask("status", atMost: .seconds(60))?.health == "full"
        }

        /// Story: with a leader of 4 MiB among members of 64 MiB, 25 of 28 appends ended as unknown. It
        /// hands over, and whoever asks a member with room notices nothing.
        @Test func aLeaderWithoutRoomHandsOver() async throws {
            try await blocking {
                let scratch = try Scratch("rlog")
                // A small reserve, so that little fills the map; and it is the first to ask for the lead.
                let trio = try Trio(
                    in: scratch,
                    election: 1_500,
                    agreed: ["--pipeline-bytes", "2097152", "--pipeline-slots", "1024"],
                    more: [["--map-size", "\(8 << 20)", "--election-ms", "300"], [], []]
                )
                func append(_ place: Int, _ payload: String) -> PendingReply {
                    trio[place].send(
                        "append",
                        #","payload":"\#(payload)","timeout_ms":120000"#
                    )
                }
                #expect(append(1, "first").wait(atMost: .seconds(180))?.isCommitted == true)
                var turns = 0
                while let leader = trio.leader(), leader != 0, turns < 20 {
                    turns += 1
                    trio[leader].signal(SIGKILL)
                    try #require(trio[leader].ending(within: .seconds(60)) == -SIGKILL)
                    try trio.restart(leader)
                }
                try #require(trio.leader() == 0, "after \(turns) other leaders")
                let payload = String(repeating: "q", count: 400_000)
                var committed = (before: 1, since: 0)
                while committed.since < 12, committed.before < 100 {
                    let appends = (1...4).map { append(1 + $0 % 2, payload) }
                    for append in appends {
                        let reply = append.wait(atMost: .seconds(180))
                        #expect(reply?.isCommitted == true, "\(reply?.error ?? "no answer")")
                    }
                    if Self.isFull(trio) { committed.since += 4 } else { committed.before += 4 }
                }
                #expect(committed.before < 100)
                #expect(Self.isFull(trio))
                #expect(trio.leader() != 0)
                let end = try #require(trio[1].ask("barrier")?.slot)
                #expect(end >= committed.before + committed.since)
                trio.end()
                // None disagrees with another, as far as each has come.
                let verified = try Rlog.start(["verify"] + trio.directories).wait()
                #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
            }
        }
    }
}
