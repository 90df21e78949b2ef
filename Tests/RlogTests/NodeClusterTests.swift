import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

extension TrioTests {
    /// Three `rlog node` processes on loopback, each with a directory of its own.
    @Suite struct NodeClusterTests {
        @Test func aLeaderIsElectedSoonAndEveryNodeAppends() async throws {
            try await blocking {
                let scratch = try Scratch("rlog")
                let trio = try Trio(in: scratch, election: 300)
                let first = trio[0].ask("append", #","payload":"first""#)
                #expect(first?.isCommitted == true)
                // Two seconds on a calm machine.
                #expect(trio.begin.secondsAgo < 30)
                for place in 0..<3 {
                    let answer = trio[place].ask("append", #","payload":"n\#(place)""#)
                    #expect(answer?.isCommitted == true)
                }
                let points = (0..<3).compactMap { trio[$0].ask("barrier")?.slot }
                #expect(points == [4, 4, 4])
                trio.end()
            }
        }

        /// What one side of a connection sent, as a proxy would have seen it.
        @Test func framesAreDecoded() throws {
            let scratch = try Scratch("rlog")
            let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .deletingLastPathComponent().appendingPathComponent("WireTests/Golden")
            func bytes(_ name: String) throws -> Data {
                let text = try String(
                    contentsOf: golden.appendingPathComponent(name + ".txt"),
                    encoding: .utf8
                )
                let rows = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
                return Data(
                    rows.flatMap { $0.dropFirst(6).prefix(47).split(separator: " ") }
                        .compactMap { UInt8($0, radix: 16) }
                )
            }
            let sent = try bytes("greeting") + bytes("frames")
            let path = scratch.path + "/sent"
            try sent.write(to: URL(fileURLWithPath: path))
            let whole = try Rlog.run("frames", path)
            #expect(whole.status == 0)
            let messages = try whole.objects()
            #expect(messages.map { $0["type"] as? String } == ["greeting", "hello", "accept"])
            #expect(messages.last?["slots"] as? [[Int]] == [[4, 4]])
            try sent.dropLast(5).write(to: URL(fileURLWithPath: path))
            let torn = try Rlog.run("frames", path)
            #expect(torn.status == 0)
            #expect(torn.lines.count == 2)
            var damaged = sent
            damaged[damaged.count - 1] ^= 1
            try damaged.write(to: URL(fileURLWithPath: path))
            #expect(try Rlog.run("frames", path).status == 1)
        }
    }
}
