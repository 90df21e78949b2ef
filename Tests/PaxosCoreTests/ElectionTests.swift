@testable import PaxosCore
import Testing

/// When to campaign, and when to leave it alone.
@Suite struct ElectionTests {
    private static let timeout: UInt64 = 30
    private static let ballot = Ballot(round: 4, node: 3)

    private static func election(members: Int = 3, seed: UInt64 = 1) -> Election {
        Election(members: members, timeout: timeout, seed: seed)
    }

    private static func reply(_ id: UInt64, leader: Ballot? = nil) -> StatusReply {
        StatusReply(id: id, leader: leader, promised: .zero, committed: .zero)
    }

    private static func begin(_ election: inout Election, at now: Tick) throws -> UInt64 {
        let id = election.beginRound(at: now)
        return try #require(id)
    }

    /// Gives the answer of the member at a position, and says whether it clears the way.
    private static func answer(
        _ election: inout Election,
        _ id: UInt64,
        position: Int,
        leader: Ballot? = nil,
        of members: [NodeID] = [1, 2, 3],
        at now: Tick
    ) -> Bool {
        election.receive(
            reply(id, leader: leader),
            from: position,
            node: members[position],
            membership: Identities.membership(members),
            at: now
        )
    }

    /// Every wait is drawn between one and two timeouts, anew each time and per seed (`R22`).
    @Test func waitsAreDrawnBetweenOneAndTwoTimeouts() {
        var drawn: Set<UInt64> = []
        for seed in UInt64(1)...100 {
            var election = Self.election(seed: seed)
            #expect((30..<60).contains(election.deadline.rawValue))
            election.hearLeader(Self.ballot, at: Tick(100))
            #expect((130..<160).contains(election.deadline.rawValue))
            drawn.insert(election.deadline.rawValue)
            election.yield(at: Tick(200))
            #expect((230..<260).contains(election.deadline.rawValue))
            #expect(election.beginRound(at: Tick(229)) == nil)
            #expect(election.beginRound(at: Tick(260)) != nil)
            #expect((290..<320).contains(election.deadline.rawValue))
        }
        #expect(drawn.count > 20)
    }

    /// What a leader said before its farewell may arrive after it, straight or by a peer that has not
    /// heard the farewell: under load its last commit notice always did, in another lane.
    @Test func whatArrivesAfterAFarewellDoesNotTakeItBack() throws {
        var election = Self.election()
        election.hearLeader(Self.ballot, at: Tick(100))
        election.loseLeader(Self.ballot, at: Tick(101))
        let deadline = election.deadline
        election.hearLeader(Self.ballot, at: Tick(102))
        #expect(election.deadline == deadline)
        #expect(election.liveLeader(at: Tick(102)) == nil)
        let id = try Self.begin(&election, at: deadline)
        #expect(Self.answer(&election, id, position: 0, at: deadline) == false)
        #expect(Self.answer(&election, id, position: 1, leader: Self.ballot, at: deadline))
        let next = Ballot(round: 5, node: 2)
        election.hearLeader(next, at: Tick(120))
        #expect(election.liveLeader(at: Tick(120)) == next)
    }

    /// A leader's farewell lets the next be looked for within a quarter of a timeout, if it is of the
    /// leader that is followed.
    @Test func aFarewellShortensTheWait() {
        var drawn: Set<UInt64> = []
        for seed in UInt64(1)...50 {
            var election = Self.election(seed: seed)
            election.hearLeader(Self.ballot, at: Tick(100))
            let deadline = election.deadline
            election.loseLeader(Ballot(round: 3, node: 3), at: Tick(101))
            #expect(election.deadline == deadline)
            #expect(election.liveLeader(at: Tick(101)) == Self.ballot)
            election.loseLeader(Self.ballot, at: Tick(101))
            #expect((101..<108).contains(election.deadline.rawValue))
            #expect(election.liveLeader(at: Tick(101)) == nil)
            drawn.insert(election.deadline.rawValue)
        }
        #expect(drawn.count > 4)
    }

    /// A quorum of distinct members must answer in time, and to this round (`R8`, `R24`).
    @Test func aQuorumMustAnswerThisRound() throws {
        var election = Self.election()
        let id = try Self.begin(&election, at: Tick(60))
        #expect(!Self.answer(&election, id, position: 0, at: Tick(60)))
        #expect(!Self.answer(&election, id, position: 0, at: Tick(60)), "once more")
        #expect(!Self.answer(&election, id &+ 1, position: 1, at: Tick(60)), "of another round")
        #expect(Self.answer(&election, id, position: 1, at: Tick(90)))
        #expect(!Self.answer(&election, id, position: 2, at: Tick(90)), "the round is over")
        let late = try Self.begin(&election, at: Tick(150))
        #expect(late != id)
        #expect(!Self.answer(&election, late, position: 0, at: Tick(150)))
        #expect(!Self.answer(&election, late, position: 1, at: Tick(181)), "too late")
    }

    /// Five members, every set of them answering, every one of them knowing a leader or not: the way is
    /// clear exactly if three answer before anybody knows one.
    @Test func anybodyWhoKnowsALeaderHoldsTheCampaign() throws {
        let members: [NodeID] = [1, 2, 3, 4, 5]
        for answering in 0..<32 {
            for knowing in 0..<32 {
                var election = Self.election(members: 5)
                let id = try Self.begin(&election, at: Tick(60))
                var silent = 0
                var expected = false
                for position in 0..<5 where answering & 1 << position != 0 {
                    let knows = knowing & 1 << position != 0
                    let isClear = Self.answer(
                        &election,
                        id,
                        position: position,
                        leader: knows ? Self.ballot : nil,
                        of: members,
                        at: Tick(61)
                    )
                    if knows { break }
                    silent += 1
                    expected = silent == 3
                    #expect(isClear == expected, "\(answering) \(knowing)")
                    if isClear { break }
                }
            }
        }
    }

    /// Chained: who hears somebody that hears the leader goes through it, for a while, and stays quiet.
    @Test func aMemberThatHearsTheLeaderBecomesTheRelay() throws {
        var election = Self.election()
        let id = try Self.begin(&election, at: Tick(60))
        #expect(!Self.answer(&election, id, position: 1, leader: Self.ballot, at: Tick(61)))
        #expect(election.relay == 2)
        #expect(election.route(at: Tick(61)) == 2)
        #expect(election.liveLeader(at: Tick(61)) == nil, "it does not hear the leader itself")
        #expect((91..<121).contains(election.deadline.rawValue))
        #expect(election.route(at: Tick(150)) == 2)
        #expect(election.route(at: Tick(151)) == nil, "the relay's word is old")
        election.hearLeader(Self.ballot, at: Tick(152))
        #expect(election.relay == nil)
        #expect(election.route(at: Tick(152)) == 3)
        #expect(election.liveLeader(at: Tick(152)) == Self.ballot)
    }

    @Test func theLeadersOwnAnswerNeedsNoRelay() throws {
        var election = Self.election()
        let id = try Self.begin(&election, at: Tick(60))
        #expect(!Self.answer(&election, id, position: 2, leader: Self.ballot, at: Tick(61)))
        #expect(election.relay == nil)
        #expect(election.route(at: Tick(61)) == 3)
    }

    /// A leader is alive for one timeout after it was heard.
    @Test func aLeaderIsHeardForATimeout() {
        var election = Self.election()
        election.hearLeader(Self.ballot, at: Tick(10))
        #expect(election.liveLeader(at: Tick(39)) == Self.ballot)
        #expect(election.route(at: Tick(39)) == 3)
        #expect(election.liveLeader(at: Tick(40)) == nil)
        #expect(election.route(at: Tick(40)) == nil)
        election.hearLeader(Self.ballot, at: Tick(41))
        election.forgetLeader()
        #expect(election.liveLeader(at: Tick(41)) == nil)
    }

    /// A lower ballot is heard only once the higher one is silent.
    @Test func theHigherBallotLeadsWhileItIsHeard() {
        let lower = Ballot(round: 3, node: 2)
        var election = Self.election()
        election.hearLeader(Self.ballot, at: Tick(10))
        election.hearLeader(lower, at: Tick(39))
        #expect(election.liveLeader(at: Tick(39)) == Self.ballot)
        election.hearLeader(lower, at: Tick(40))
        #expect(election.liveLeader(at: Tick(40)) == lower)
        election.hearLeader(Self.ballot, at: Tick(41))
        #expect(election.liveLeader(at: Tick(41)) == Self.ballot)
    }
}
