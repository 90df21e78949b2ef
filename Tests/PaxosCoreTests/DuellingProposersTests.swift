@testable import PaxosCore
import PaxosSimulator
import Testing

/// Two proposers in turn, told as in "Paxos Made Simple": what may be chosen is proposed again.
@Suite struct DuellingProposersTests {
    let x = Trio.command(1)
    let y = Trio.command(2)

    /// P1 has X chosen by n1 and n2. P2 comes with Y and a higher ballot, hears n2 alone besides itself,
    /// and must propose X.
    @Test func theSecondProposerMustProposeWhatIsChosen() throws {
        let trio = try Trio()
        try trio.campaign(1)
        try trio.talk(1, 2, 3)
        try trio.propose(1, at: 1)
        try trio.talk(1, 2)
        #expect(trio.chosen == [1: x])
        #expect(trio[1].learner.committed == 1)

        try trio.campaign(3)
        try trio.talk(2, 3)
        let ballot = try #require(trio[3].leader?.ballot)
        #expect(ballot > Ballot(round: 1, node: 1))
        #expect(trio.rows[2][1] == AcceptedEntry(slot: 1, ballot: ballot, entry: x))
        try trio.propose(2, at: 3)
        try trio.talk(2, 3)
        #expect(trio.chosen == [1: x, 2: y])
        #expect(trio[3].learner.committed == 2)
    }

    /// P1 reached nobody with X. P2 does not hear of it and has Y chosen; P1 comes back and must
    /// propose Y, although its own disk says X.
    @Test func theFirstProposerGivesUpWhatWasNotChosen() throws {
        let trio = try Trio()
        try trio.campaign(1)
        try trio.talk(1, 2, 3)
        try trio.propose(1, at: 1)
        try trio.talk(1)
        #expect(trio.chosen.isEmpty)

        try trio.campaign(3)
        try trio.talk(2, 3)
        try trio.propose(2, at: 3)
        try trio.talk(2, 3)
        #expect(trio.chosen == [1: y])

        trio.restart(1)
        try trio.campaign(1)
        try trio.talk(1, 2)
        try trio.campaign(1)
        try trio.talk(1, 2)
        let ballot = try #require(trio[1].leader?.ballot)
        #expect(trio.rows[0][1] == AcceptedEntry(slot: 1, ballot: ballot, entry: y))
        #expect(trio.chosen == [1: y])
    }

    /// X was accepted in slot 2 only: the new leader closes slot 1, and new appends come after both.
    @Test func holesAreClosedBeforeAnythingNew() throws {
        let trio = try Trio()
        try trio.campaign(1)
        try trio.talk(1, 2, 3)
        try trio.propose(2, at: 1)
        try trio.talk(1)
        try trio.propose(1, at: 1)
        try trio.talk(1, 2)
        #expect(trio.chosen == [2: x])

        try trio.campaign(3)
        try trio.talk(2, 3)
        #expect(trio.chosen == [1: .noop, 2: x])
        try trio.propose(2, at: 3)
        try trio.talk(2, 3)
        #expect(trio.chosen == [1: .noop, 2: x, 3: y])
    }

    /// A leader whose ballot was passed has nothing chosen any more, learns of the higher ballot from the
    /// refusal (`R25`), and leads no more once the later leader speaks to it.
    @Test func theOldLeaderIsRefusedAndEndsWithTheNew() throws {
        let trio = try Trio()
        try trio.campaign(1)
        try trio.talk(1, 2, 3)
        try trio.campaign(3)
        try trio.talk(2, 3)
        let later = try #require(trio[3].leader?.ballot)
        try trio.propose(1, at: 1)
        try trio.talk(1, 2)
        #expect(trio.chosen.isEmpty)
        #expect(trio[1].highestSeen == later)
        try trio.propose(2, at: 3)
        try trio.talk(1, 2, 3)
        #expect(trio[1].leader == nil)
        #expect(trio.chosen == [1: y])
        #expect(!trio[1].appetite.takes(slots: 1, bytes: 0))
    }

    /// An old leader proposed X where a later one had Y chosen. Its acceptors refuse what they have
    /// committed; that tells it how far the log is chosen and nothing of what: it passes no row of its
    /// own, fetches, and finds Y.
    @Test func anOldLeaderDoesNotTakeItsOwnEntryForChosen() throws {
        let trio = try Trio()
        try trio.campaign(1)
        try trio.talk(1, 2, 3)
        let old = try #require(trio[1].leader?.ballot)
        try trio.propose(1, at: 1)
        try trio.talk(1)
        try trio.campaign(3)
        try trio.talk(2, 3)
        try trio.propose(2, at: 3)
        try trio.talk(2, 3)
        #expect(trio.chosen == [1: y])
        #expect(trio.rows[0][1]?.entry == x)
        let reject = Reject(
            ballot: old,
            promised: old,
            committed: trio[3].learner.committed,
            reason: .committed
        )
        try trio.deliver(Trio.Sent(from: 3, to: 1, message: .immediate(.reject(reject))))
        #expect(trio[1].learner.committed == .zero, "its own row is not what was chosen")
        try trio.talk(1, 3)
        #expect(trio[1].learner.committed == 1)
        #expect(
            trio.rows[0][1]
                == AcceptedEntry(
                    slot: 1,
                    ballot: try #require(trio[3].leader?.ballot),
                    entry: y,
                    isChosen: true
                )
        )
    }

    /// After every restart the next ballot is above all the disk has seen (`R4`).
    @Test func noBallotIsUsedAgainAfterARestart() throws {
        let trio = try Trio()
        var ballots: [Ballot] = []
        for turn in 0..<12 {
            let node = Trio.nodes[turn % 3]
            try trio.campaign(node)
            ballots.append(try #require(trio[node].candidate?.ballot))
            if turn % 2 == 0 { try trio.talk(1, 2, 3) }
            for node in Trio.nodes { trio.restart(node) }
        }
        #expect(Set(ballots).count == ballots.count)
        for node in Trio.nodes {
            let own = ballots.filter { $0.node == node }
            #expect(own == own.sorted())
        }
    }

    /// Campaigns, proposals, restarts and messages lost, repeated and out of order: no slot is ever
    /// chosen twice, and no ballot proposes two entries for one slot. Pages hold one row.
    @Test func nothingIsChosenTwiceInRandomSchedules() {
        var chosen = 0
        for seed in UInt64(1)...300 {
            var generator = SeededGenerator(seed: seed)
            do {
                let trio = try Trio(pageBytes: 1)
                // Some schedules leave a leader time for long pipelines, some do not.
                let calm = seed.isMultiple(of: 2) ? 40 : 20
                for step in 0..<220 { try Self.act(trio, step, calm, &generator) }
                chosen += trio.chosen.count
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
        #expect(chosen > 500, "the schedules lead somewhere")
    }

    private static func act(
        _ trio: Trio,
        _ step: Int,
        _ calm: Int,
        _ generator: inout SeededGenerator
    ) throws {
        let node = Trio.nodes[generator.below(3)]
        switch generator.below(calm) {
        case 0: try trio.campaign(node)
        case 1: if generator.oneIn(2) { trio.restart(node) }
        case 2...9: try trio.propose(UInt64(step), at: node)
        default:
            guard !trio.wire.isEmpty else {
                try trio.campaign(node)
                return
            }
            let place = generator.oneIn(3) ? generator.below(trio.wire.count) : 0
            guard let sent = trio.take(place), !generator.oneIn(12) else { return }
            try trio.deliver(sent)
            if generator.oneIn(12) { try trio.deliver(sent) }
        }
    }
}
