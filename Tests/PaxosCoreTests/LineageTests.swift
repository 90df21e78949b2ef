@testable import PaxosCore
import Testing

/// What a directory knows of its own openings, and what it takes for a contradiction (`R81`, `R91`, `R92`).
@Suite struct LineageTests {
    private static func opening(_ boot: UInt64, _ nonce: UInt64, _ write: UInt64) -> Opening {
        Opening(
            process: ProcessID(boot: Boot(boot), nonce: Nonce(nonce)),
            write: WriteNumber(write)
        )
    }

    private static func claim(_ boot: UInt64, _ nonce: UInt64, _ heard: UInt64) -> Claim {
        Claim(
            process: ProcessID(boot: Boot(boot), nonce: Nonce(nonce)),
            heard: WriteNumber(heard)
        )
    }

    /// Boots 3 to 5, opened by the writes 10, 20 and 30; the newest receipt is 34.
    private static let lineage = Lineage([opening(3, 7, 10), opening(4, 8, 20), opening(5, 9, 30)])

    @Test(
        arguments: [
            (claim(5, 9, 34), nil), (claim(5, 9, 35), .laterWrite), (claim(5, 1, 0), .otherProcess),
            (claim(6, 9, 0), .laterBoot), (claim(4, 8, 29), nil), (claim(4, 8, 30), .laterWrite),
            (claim(3, 7, 19), nil), (claim(3, 7, 20), .laterWrite), (claim(3, 8, 0), .otherProcess),
            // Below the floor nothing is evidence.
            (claim(2, 1, 1_000), nil),
        ] as [(Claim, RolledBack.Cause?)]
    )
    func onlyContradictionCounts(claim: Claim, cause: RolledBack.Cause?) {
        #expect(Self.lineage.contradicts(claim, newest: WriteNumber(34)) == cause)
    }

    @Test func aProofNamesTheNextOpening() {
        func proof(_ boot: UInt64, _ nonce: UInt64) -> WriteNumber? {
            Self.lineage.proof(of: ProcessID(boot: Boot(boot), nonce: Nonce(nonce)))?.next
        }
        #expect(proof(3, 7) == WriteNumber(20) && proof(4, 8) == WriteNumber(30))
        #expect(
            proof(5, 9) == nil && proof(4, 7) == nil && proof(2, 1) == nil && proof(6, 1) == nil
        )
    }

    @Test func whatIsPrunedIsNoEvidence() {
        var lineage = Self.lineage
        lineage.prune(below: Boot(4))
        #expect(lineage.floor == Boot(4))
        #expect(lineage.contradicts(Self.claim(3, 1, 99), newest: WriteNumber(34)) == nil)
        lineage.prune(below: Boot(9))
        #expect(lineage.openings == [Self.opening(5, 9, 30)], "never its own")
    }

    /// A file that something else has rewritten counts from one again; and what nobody confirms has an end.
    @Test func itGoesOnAscendingOrNotAtAll() {
        let openings = Self.lineage.openings
        #expect(Lineage.extended(openings, by: Self.opening(6, 1, 31))?.count == 4)
        #expect(Lineage.extended(openings, by: Self.opening(6, 1, 30)) == nil)
        #expect(Lineage.extended(openings, by: Self.opening(7, 1, 31)) == nil)
        #expect(Lineage.extended([], by: Self.opening(1, 1, 2))?.count == 1)
        var many: [Opening] = []
        for boot in 1...UInt64(Lineage.mostOpenings + 9) {
            many = Lineage.extended(many, by: Self.opening(boot, 1, 2 * boot)) ?? []
        }
        #expect(many.count == Lineage.mostOpenings && many[0].process.boot == Boot(10))
    }

    @Test func itIsReadAsItWasWritten() {
        let bytes = Opening.encoded(Self.lineage.openings)
        #expect(Opening.decode(bytes) == Self.lineage.openings)
        #expect(Opening.decode(Array(bytes.dropLast())) == nil)
        #expect(
            Opening.decode(Opening.encoded([Self.opening(3, 1, 2), Self.opening(5, 1, 3)])) == nil
        )
        #expect(
            Opening.decode(Opening.encoded([Self.opening(3, 1, 2), Self.opening(4, 1, 2)])) == nil
        )
        #expect(RolledBack.decode([])?.found == nil && RolledBack.decode([1]) == nil)
        for cause in RolledBack.Cause.allCases {
            let found = RolledBack(witness: 3, cause: cause)
            #expect(RolledBack.decode(RolledBack.encoded(found))?.found == found)
        }
    }
}
