import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

/// A node that ends by a trap, as docs/OPERATIONS.md has it run.
@Suite(.heavy, .serialized, .tags(.slow)) struct TrapTests {
    /// Without the runtime's backtracer directory and port are free when the process is gone, and what was
    /// acknowledged is there.
    @Test func aNodeThatHasTrappedIsStartedAgainAtOnce() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let port = try Loopback.freePorts(1)[0]
            let arguments = ["--data", try scratch.log(), "--listen", "127.0.0.1:\(port)"]
            let environment = ["SWIFT_BACKTRACE": "enable=no"]
            let node = try NodeProcess(arguments, environment: environment)
            #expect(
                node.send("append", #","payload":"x""#).wait(atMost: .seconds(60))?.isCommitted
                    == true
            )
            node.signal(SIGILL)
            #expect(node.ending(within: .seconds(60)) == -SIGILL)
            let next = try NodeProcess(arguments, environment: environment)
            #expect(waitUntil(.seconds(60)) { next.isReady })
            // Before it leads again it knows of less.
            #expect(next.ask("barrier", atMost: .seconds(60))?.slot != nil)
            #expect(
                next.ask("read", #","from":1,"to":9"#, atMost: .seconds(60))?.entries?.count == 1
            )
            next.endInput()
            #expect(next.ending(within: .seconds(60)) == 0)
        }
    }
}
