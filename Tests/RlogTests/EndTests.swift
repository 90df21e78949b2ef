import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

extension TrioTests {
    /// Orderly ends of members that are connected to each other.
    @Suite struct EndTests {
        /// Each ends while others hold connections to it, by the end of its input or by a signal, with appends
        /// on their way or without. It takes milliseconds, which are printed: the bound is a busy machine's.
        @Test(arguments: [false, true]) func connectedPeersHoldNobodyUp(_ isLoaded: Bool)
            async throws
        {
            try await blocking {
                let scratch = try Scratch("rlog")
                let trio = try Trio(in: scratch)
                #expect(
                    trio[0].ask("append", #","payload":"first""#, atMost: .seconds(60))?.isCommitted
                        == true
                )
                for place in 0..<3 {
                    if isLoaded {
                        for _ in 0..<50 {
                            trio[place].send("append", #","payload":"more""#) { _ in }
                        }
                    }
                    let begin = MonotonicClock.now()
                    if place == 1 { trio[place].signal(SIGTERM) } else { trio[place].endInput() }
                    #expect(trio[place].ending(within: .seconds(30)) == 0)
                    print("node \(place + 1) took \(Int(begin.secondsAgo * 1_000)) ms to end")
                }
            }
        }
    }
}
