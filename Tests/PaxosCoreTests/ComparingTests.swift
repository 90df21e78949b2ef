@testable import PaxosCore
import Testing

/// Who is wrong, where the machines of members are not alike behind a slot (`R67`).
@Suite struct ComparingTests {
    private static func mark(_ slot: Slot, _ digest: UInt64, form: UInt64 = 0) -> StateMark {
        StateMark(slot: slot, form: form, digest: digest)
    }

    private static func notice(_ mark: StateMark) -> Immediate {
        .stateNotice(StateNotice(mark: mark))
    }

    private static func diverged(_ said: OneMember.Said) -> [Divergence] {
        said.facts.compactMap { fact in
            if case .diverged(let found) = fact { found } else { nil }
        }
    }

    private static func notices(_ said: OneMember.Said) -> [Addressed<Immediate>] {
        said.immediate.filter { message in
            if case .stateNotice = message.body { true } else { false }
        }
    }

    @discardableResult
    private static func note(
        _ mark: StateMark,
        in member: OneMember,
        at now: UInt64 = 0
    ) throws -> OneMember.Said {
        try member.step(at: now) { $0.states = [mark] }
    }

    @Test func itIsSaidToAllAndAlikeIsNoWord() throws {
        let member = OneMember(members: [1, 2, 3])
        let own = Self.mark(8, 5)
        let said = try Self.note(own, in: member)
        #expect(
            Self.notices(said) == [
                Addressed(destination: 2, body: Self.notice(own)),
                Addressed(destination: 3, body: Self.notice(own)),
            ]
        )
        for peer in [2, 3] as [NodeID] {
            #expect(Self.diverged(try member.hear(peer, Self.notice(own))).isEmpty)
        }
        #expect(member.core.status.divergence == nil)
    }

    /// Where fewer have said what they have, whoever was found wrong is not in doubt again.
    @Test func whoWasFoundIsNotInDoubt() throws {
        let member = OneMember(members: [1, 2, 3])
        for slot in [8, 16] as [Slot] { try Self.note(Self.mark(slot, 5), in: member) }
        try member.hear(2, Self.notice(Self.mark(8, 5)))
        try member.hear(3, Self.notice(Self.mark(8, 6)))
        #expect(member.core.status.divergence?.verdict == .elsewhere)
        // Nobody but the one that differs has said what it has at 16.
        try member.hear(3, Self.notice(Self.mark(16, 6)))
        #expect(member.core.status.divergence?.verdict == .elsewhere)
        #expect(member.core.status.divergence?.slot == 8)
        // Another one is news.
        try member.hear(2, Self.notice(Self.mark(16, 7)))
        #expect(member.core.status.divergence?.verdict == .open)
    }

    /// Whose machine is wrong from a slot on gives nobody its snapshots from there on.
    @Test func whoIsWrongIsNotTrusted() {
        for digests in [[5, 5], [5, 6], [6, 6]] as [[UInt64]] {
            var comparing = Comparing()
            comparing.note(Self.mark(8, 5))
            for (node, digest) in zip([2, 3] as [NodeID], digests) {
                let isNew = comparing.hear(Self.mark(8, digest), of: node)
                #expect(isNew)
            }
            _ = comparing.compare(at: 8, among: [1, 2, 3], own: 1)
            #expect(comparing.trusted(20) == (digests == [6, 6] ? 7 : 20))
            #expect(comparing.trusted(3) == 3)
        }
    }

    /// Whoever differs from a majority is wrong, on whichever side this node is; in any order.
    @Test func whoeverDiffersFromAMajorityIsWrong() throws {
        for isHere in [true, false] {
            for isFirst in [true, false] {
                let member = OneMember(members: [1, 2, 3])
                if isFirst { try Self.note(Self.mark(8, 5), in: member) }
                var facts: [Divergence] = []
                facts += Self.diverged(
                    try member.hear(2, Self.notice(Self.mark(8, isHere ? 6 : 5)))
                )
                facts += Self.diverged(try member.hear(3, Self.notice(Self.mark(8, 6))))
                if !isFirst { facts += Self.diverged(try Self.note(Self.mark(8, 5), in: member)) }
                let expected = Divergence(
                    slot: 8,
                    alike: isHere ? [1] : [1, 2],
                    differing: isHere ? [2, 3] : [3],
                    verdict: isHere ? .here : .elsewhere
                )
                #expect(facts.last == expected)
                #expect(member.core.status.divergence == expected)
                // Of two that differ nobody knows yet which.
                #expect(facts.count == (isHere && isFirst ? 2 : 1))
                if facts.count == 2 { #expect(facts[0].verdict == .open) }
                // Told once.
                let again = try member.hear(3, Self.notice(Self.mark(8, 6)))
                #expect(Self.diverged(again).isEmpty)
            }
        }
    }

    /// With no majority of equals everybody says so, and nobody is wrong.
    @Test func withoutAMajorityNobodyKnows() throws {
        let member = OneMember(members: [1, 2, 3])
        try Self.note(Self.mark(8, 5), in: member)
        try member.hear(2, Self.notice(Self.mark(8, 6)))
        let said = try member.hear(3, Self.notice(Self.mark(8, 7)))
        let found = Divergence(slot: 8, alike: [1], differing: [2, 3], verdict: .open)
        #expect(Self.diverged(said) == [found])
        let pair = OneMember(members: [1, 2])
        try Self.note(Self.mark(8, 5), in: pair)
        #expect(Self.diverged(try pair.hear(2, Self.notice(Self.mark(8, 6))))[0].verdict == .open)
    }

    /// Two phase-2 quorums of a sized rule may miss each other: a majority it is.
    @Test func aSmallQuorumIsNoMajority() throws {
        var comparing = Comparing()
        comparing.note(Self.mark(8, 5))
        let members: [NodeID] = [1, 2, 3, 4, 5]
        func verdict(_ members: [NodeID]) -> Divergence.Verdict? {
            comparing.compare(at: 8, among: members, own: 1)?.verdict
        }
        for (node, digest) in [(2, 5), (3, 6), (4, 6)] as [(NodeID, UInt64)] {
            let isNew = comparing.hear(Self.mark(8, digest), of: node)
            #expect(isNew)
        }
        let four = verdict(members)
        #expect(four == .open)
        let isNew = comparing.hear(Self.mark(8, 6), of: 5)
        let five = verdict(members)
        #expect(isNew && five == .here)
        // A member that was removed counts no more.
        let three = verdict([1, 2, 3])
        #expect(three == .elsewhere)
        // Once wrong it stays so.
        #expect(comparing.found?.verdict == .here)
    }

    @Test func otherSlotsAndFormsSayNothing() throws {
        let member = OneMember(members: [1, 2, 3])
        try Self.note(Self.mark(8, 5), in: member)
        #expect(Self.diverged(try member.hear(2, Self.notice(Self.mark(9, 6)))).isEmpty)
        #expect(Self.diverged(try member.hear(3, Self.notice(Self.mark(8, 6, form: 1)))).isEmpty)
        // The marks of some slots ago still count, and no more of them are kept than a few.
        for slot in 10...16 as ClosedRange<UInt64> {
            try Self.note(Self.mark(Slot(rawValue: slot), 1), in: member)
        }
        #expect(Self.diverged(try member.hear(2, Self.notice(Self.mark(8, 6)))).count == 1)
        try Self.note(Self.mark(17, 1), in: member)
        #expect(Self.diverged(try member.hear(3, Self.notice(Self.mark(8, 6)))).isEmpty)
    }

    /// A notice that was lost, or came before its receiver was there, is said again.
    @Test func aLostNoticeIsSaidAgain() throws {
        let limits = Limits()
        let member = OneMember(members: [1, 2, 3], limits: limits)
        let own = Self.mark(8, 5)
        try Self.note(own, in: member)
        // The other one comes there: it is answered at once, and only once.
        let answer = try member.hear(2, Self.notice(Self.mark(8, 5)))
        #expect(Self.notices(answer) == [Addressed(destination: 2, body: Self.notice(own))])
        #expect(Self.notices(try member.hear(2, Self.notice(Self.mark(8, 5)))).isEmpty)
        var said: [Addressed<Immediate>] = []
        let again = 64 * limits.electionTicks
        for now in stride(from: 1, to: again, by: 100) {
            said += Self.notices(try member.step(at: now, flush: member.store.waiting))
        }
        #expect(said.isEmpty)
        said = Self.notices(try member.step(at: again, flush: member.store.waiting))
        #expect(said.map(\.destination) == [2, 3])
        #expect(Self.notices(try member.step(at: again + 1)).isEmpty)
    }

    /// Nobody counts twice, whatever it says later.
    @Test func aMemberCountsOnce() throws {
        let member = OneMember(members: [1, 2, 3, 4, 5])
        try Self.note(Self.mark(8, 5), in: member)
        for digest in [6, 7, 6] as [UInt64] {
            try member.hear(2, Self.notice(Self.mark(8, digest)))
        }
        let found = try #require(member.core.status.divergence)
        #expect(found.differing == [2] && found.verdict == .open)
    }
}
