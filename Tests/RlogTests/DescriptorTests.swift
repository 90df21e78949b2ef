import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

extension TrioTests {
    /// What programs would be left with that a node started or that outlive it (`R90`).
    @Suite struct DescriptorTests {
        /// Its port, its connections, its directory, its threads' own: whatever is not one of the three
        /// that every process is given.
        @Test func nothingOfANodeIsHeldByAChild() async throws {
            try await blocking {
                let scratch = try Scratch("rlog")
                let trio = try Trio(in: scratch, hasLinks: true)
                #expect(trio[0].ask("append", #","payload":"first""#)?.isCommitted == true)
                for place in 0..<3 {
                    let open = try #require(trio[place].descriptors)
                    #expect(open.contains { $0.target.hasPrefix("socket:") })
                    #expect(open.contains { $0.target.hasSuffix("log.mdb") })
                    // A connection that is being taken is not told of in the same instant.
                    #expect(waitUntil(.seconds(60)) { trio[place].inherited == [] })
                    #expect(trio[place].inherited == [])
                }
                trio.end()
            }
        }
    }
}
