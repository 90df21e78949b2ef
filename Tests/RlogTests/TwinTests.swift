import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

/// A second process on a copy of a member's directory, at another address.
@Suite(.heavy, .serialized, .tags(.slow)) struct TwinTests {
    /// The copy says so itself, and its peers say whom they refuse; the member goes on.
    @Test func bothEndsLearnWhy() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let path = scratch.path
            let ports = try Loopback.freePorts(4)
            let seats = try Seat.all("twins", ports: Array(ports.prefix(3))) { _ in path }
            func start() throws -> [NodeProcess] {
                let nodes = try seats.map { try NodeProcess($0.arguments) }
                // Through each: the twin must find that all have met.
                for node in nodes {
                    let append = node.send("append", #","payload":"x","timeout_ms":120000"#)
                    #expect(append.wait(atMost: .seconds(150))?.isCommitted == true)
                }
                return nodes
            }
            func end(_ nodes: [NodeProcess]) {
                for node in nodes { node.endInput() }
                for node in nodes { #expect(node.ending(within: .seconds(60)) == 0) }
            }
            end(try start())
            let copy = "\(path)/copy"
            try FileManager.default.copyItem(atPath: seats[2].directory, toPath: copy)
            let nodes = try start()
            let twin = try NodeProcess([
                "--data", copy, "--listen", "127.0.0.1:\(ports[3])",
                "--peer", "1=127.0.0.1:\(ports[0])", "--peer", "2=127.0.0.1:\(ports[1])",
            ])
            #expect(
                waitUntil(.seconds(60)) {
                    twin.ask("status")?.health == "rolled_back"
                        && nodes[0].ask("status")?.refusedPeer == 3
                        && nodes[1].ask("status")?.refusedPeer == 3
                }
            )
            #expect(nodes[2].ask("status")?.health == "healthy")
            let append = nodes[2].send("append", #","payload":"y","timeout_ms":120000"#)
            #expect(append.wait(atMost: .seconds(150))?.isCommitted == true)
            end([twin] + nodes)
        }
    }
}
