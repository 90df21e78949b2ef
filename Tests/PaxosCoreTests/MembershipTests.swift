import PaxosCore
import Testing

@Suite struct MembershipTests {
    private static func ids(_ count: Int) -> [NodeID] {
        (0..<count).compactMap { NodeID(rawValue: UInt64($0) + 1) }
    }

    private static func set(_ bits: Int, of count: Int) -> MemberSet {
        var set = MemberSet()
        for position in 0..<count where bits & 1 << position != 0 { set.insert(position: position) }
        return set
    }

    private static func quorums(_ count: Int, _ isQuorum: (MemberSet) -> Bool) -> [Int] {
        (0..<1 << count).filter { isQuorum(set($0, of: count)) }
    }

    private static func meet(_ membership: Membership) -> Bool {
        let count = membership.members.count
        let phase1 = quorums(count, membership.isPhase1Quorum)
        let phase2 = quorums(count, membership.isPhase2Quorum)
        return !phase1.isEmpty && !phase2.isEmpty
            && phase1.allSatisfy { one in phase2.allSatisfy { one & $0 != 0 } }
    }

    /// Every set of members of a majority meets every other, for up to seven members.
    @Test(arguments: 1...7)
    func majoritiesMeet(_ count: Int) throws {
        let membership = try Membership(Self.ids(count))
        #expect(Self.meet(membership))
        let smallest = Self.quorums(count, membership.isPhase1Quorum).map(\.nonzeroBitCount).min()
        #expect(smallest == count / 2 + 1)
    }

    /// A rule is taken exactly if every phase-1 quorum meets every phase-2 quorum (`R50`), found by
    /// looking at all pairs.
    @Test(arguments: 1...7)
    func sizedRulesAreTakenIfTheyMeet(_ count: Int) {
        for phase1 in -1...count + 2 {
            for phase2 in -1...count + 2 {
                let rule = QuorumRule.sized(phase1: phase1, phase2: phase2)
                let isPossible = (1...count).contains(phase1) && (1...count).contains(phase2)
                let doMeet =
                    isPossible
                    && Self.allMeet(count: count, phase1: phase1, phase2: phase2)
                let membership = try? Membership(Self.ids(count), quorum: rule)
                #expect((membership != nil) == doMeet, "\(rule) of \(count)")
                if let membership { #expect(Self.meet(membership), "\(rule) of \(count)") }
            }
        }
    }

    private static func allMeet(count: Int, phase1: Int, phase2: Int) -> Bool {
        let sets = Array(0..<1 << count)
        let ones = sets.filter { $0.nonzeroBitCount == phase1 }
        let twos = sets.filter { $0.nonzeroBitCount == phase2 }
        return ones.allSatisfy { one in twos.allSatisfy { one & $0 != 0 } }
    }

    @Test func wrongMembersAreRefused() {
        #expect(throws: InvalidMembership.noMembers) { try Membership([]) }
        #expect(throws: InvalidMembership.duplicateMember(2)) { try Membership([2, 1, 2]) }
        #expect(throws: InvalidMembership.tooManyMembers(65)) { try Membership(Self.ids(65)) }
        #expect(throws: InvalidMembership.quorumsMayMissEachOther(phase1: .max, phase2: .max)) {
            try Membership([1], quorum: .sized(phase1: .max, phase2: .max))
        }
        #expect(throws: InvalidMembership.quorumsMayMissEachOther(phase1: 1, phase2: .min)) {
            try Membership([1], quorum: .sized(phase1: 1, phase2: .min))
        }
    }

    @Test func theFullestMembershipCounts() throws {
        let membership = try Membership(Self.ids(64).reversed())
        #expect(membership.members == Self.ids(64))
        var set = MemberSet()
        for (count, node) in membership.members.enumerated() {
            #expect(membership.isPhase2Quorum(set) == (count >= 33))
            let position = try #require(membership.position(of: node))
            #expect(!set.contains(position: position))
            for _ in 0..<2 { set.insert(position: position) }
            #expect(set.contains(position: position))
            #expect(set.count == count + 1, "R8")
        }
        #expect(membership.position(of: 65) == nil)
        #expect(!membership.contains(65))
        #expect(membership.contains(64))
    }

    @Test func theFoundersGovernEverySlot() throws {
        let founding = try Membership([1, 2, 3])
        let history = MembershipHistory(founding: founding)
        for slot in [Slot.zero, 1, 1_000_000] {
            #expect(history.membership(governing: slot) == founding)
        }
    }
}
