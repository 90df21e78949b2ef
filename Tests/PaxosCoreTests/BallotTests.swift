import PaxosCore
import Testing

@Suite struct BallotTests {
    /// Every comparison of ballots, by round and then by node (`R5`, `R9`).
    @Test func theOrderIsByRoundThenByNode() {
        let ascending: [Ballot] = [
            .zero, Ballot(round: 1, node: 1), Ballot(round: 1, node: 2), Ballot(round: 1, node: 9),
            Ballot(round: 2, node: 1), Ballot(round: 2, node: 2), Ballot(round: 1 << 62, node: 1),
        ]
        for (i, left) in ascending.enumerated() {
            for (j, right) in ascending.enumerated() {
                #expect((left < right) == (i < j), "\(left) < \(right)")
                #expect((left <= right) == (i <= j), "\(left) <= \(right)")
                #expect((left > right) == (i > j), "\(left) > \(right)")
                #expect((left >= right) == (i >= j), "\(left) >= \(right)")
                #expect((left == right) == (i == j), "\(left) == \(right)")
            }
        }
    }

    /// Two nodes never make equal ballots, and nobody makes the lowest (`R5`).
    @Test func aBallotBelongsToItsNode() {
        #expect(Ballot(round: 7, node: 1) != Ballot(round: 7, node: 2))
        #expect(Ballot(round: 0, node: 1) > .zero)
        #expect(NodeID(rawValue: 0) == nil)
        #expect(Ballot(round: 2, node: 1).description == "2.n1")
    }

    @Test func slotsTicksAndBootsAreOrdered() {
        #expect(Slot.zero.next == .first)
        #expect(Slot.zero.previous == .zero)
        #expect(Slot(5).count(after: 2) == 3)
        #expect(Slot(2).count(after: 5) == 0)
        #expect(Slot(2).count(after: 2) == 0)
        #expect(Tick(3).advanced(by: .max) == .never)
        #expect(Boot.never < Boot.never.next)
        #expect(Incarnation(high: 1, low: 0xAB).description.hasSuffix("00000000000000ab"))
        #expect(Incarnation(high: 1, low: 0xAB).description.count == 32)
    }

    @Test(arguments: ["", " ", "a/b", "ü", String(repeating: "a", count: 64), "a\n"])
    func aClusterNameIsRefused(_ name: String) {
        #expect(throws: InvalidClusterID.self) { try ClusterID(name) }
    }

    @Test(arguments: ["a", "Z-9_.x", String(repeating: "a", count: 63)])
    func aClusterNameIsTaken(_ name: String) throws {
        #expect(try ClusterID(name).name == name)
    }
}
