@testable import PaxosCore
import Testing

/// Who lacks much leaves it to others to lead (`R85`).
@Suite struct SuccessionTests {
    private static func status(
        _ id: UInt64,
        committed: Slot,
        recent: Slot
    ) -> Immediate {
        .statusReply(
            StatusReply(
                id: id,
                leader: nil,
                promised: .zero,
                committed: committed,
                recent: recent
            )
        )
    }

    private static func asks(_ said: OneMember.Said) -> [NodeID] {
        said.immediate.compactMap { message in
            if case .statusRequest = message.body { message.destination } else { nil }
        }
    }

    private static func farewells(_ said: OneMember.Said) -> [Addressed<Farewell>] {
        said.immediate.compactMap { message in
            guard case .farewell(let farewell) = message.body else { return nil }
            return Addressed(destination: message.destination, body: farewell)
        }
    }

    /// Three status rounds are left to the others, and no more: they may not reach a quorum.
    @Test func whoLacksMuchGivesWayThreeTimes() throws {
        let member = OneMember(members: [1, 2, 3])
        var at: UInt64 = 0
        for _ in 1...3 {
            let round = try member.awaitStatusRound(from: at)
            at = round.at
            try member.hear(2, at: at, Self.status(round.id, committed: 20, recent: 1))
            #expect(member.core.status.role == .follower)
        }
        let round = try member.awaitStatusRound(from: at)
        try member.hear(2, at: round.at, Self.status(round.id, committed: 20, recent: 1))
        #expect(member.core.status.role == .candidate)
        #expect(round.at <= 8 * Limits().electionTicks)
    }

    /// Less than a window is fetched as fast as somebody else is elected.
    @Test func whoLacksLittleCampaigns() throws {
        let member = OneMember(members: [1, 2, 3])
        let round = try member.awaitStatusRound()
        try member.hear(2, at: round.at, Self.status(round.id, committed: 20, recent: 0))
        #expect(member.core.status.role == .candidate)
    }

    /// A candidate that finds in a promise how much it lacks hands over before it fetches a page, to whoever
    /// promised; once it has given way often enough it goes on.
    @Test func aCandidateHandsOver() throws {
        let member = OneMember(members: [1, 2, 3])
        var now: UInt64 = 0
        for attempt in 1...4 {
            let round = try member.awaitStatusRound(from: now)
            now = round.at
            try member.hear(3, at: now, Self.status(round.id, committed: 0, recent: 0))
            let ballot = try #require(member.core.status.ballot)
            try member.step(at: now, flush: member.store.waiting)
            let promise = Promise(
                ballot: ballot,
                committed: 20,
                trimmed: 0,
                last: 20,
                recent: 10
            )
            let said = try member.hear(2, at: now, .promise(promise))
            guard attempt < 4 else {
                #expect(Self.farewells(said).isEmpty)
                #expect(member.core.status.role == .leader)
                return
            }
            #expect(member.core.status.role == .follower)
            let farewell = Farewell(ballot: ballot, successor: 2)
            #expect(
                Self.farewells(said)
                    == [
                        Addressed(destination: 2, body: farewell),
                        Addressed(destination: 3, body: farewell),
                    ]
            )
        }
    }

    /// Nobody gives way to a member that has led in vain, however much more than others it has: what it hands on
    /// reaches nobody. Story: a leader with a dead log lane knew slots chosen that nobody else did, and all gave
    /// way to it each time that it handed over, for ever.
    @Test func nobodyGivesWayToWhomNothingReaches() throws {
        var limits = Limits()
        limits.pipelineSlots = 4
        let entries = (1...20).map { OneMember.command($0) }
        let disk = OneMember.disk(entries, committed: 20)
        let member = OneMember(disk: disk, members: [1, 2, 3], limits: limits)
        try member.drain()
        func recent(at now: UInt64) throws -> Slot? {
            let said = try member.hear(3, at: now, .statusRequest(StatusRequest(id: 7)))
            return said.immediate.lazy.compactMap { message -> Slot? in
                guard case .statusReply(let reply) = message.body, reply.id == 7 else { return nil }
                return reply.recent
            }.first
        }
        let led = try member.lead()
        #expect(try recent(at: led.at) == 16)
        var now = led.at
        var farewells: [Addressed<Farewell>] = []
        while farewells.isEmpty, now < led.at + 40 * limits.electionTicks {
            now += 1
            let said = try member.step(at: now, flush: member.store.waiting)
            farewells = Self.farewells(said)
            for message in said.immediate {
                // In the lane of liveness all is answered, and in that of the log nothing.
                guard case .heartbeat(let heartbeat) = message.body else { continue }
                let reply = HeartbeatReply(
                    ballot: led.ballot,
                    round: heartbeat.round,
                    promised: led.ballot,
                    committed: 0
                )
                try member.hear(message.destination, at: now, .heartbeatReply(reply))
            }
        }
        #expect(farewells.map(\.body.ballot) == [led.ballot, led.ballot])
        #expect(member.core.status.role == .follower)
        #expect(try recent(at: now) == .zero)
    }

    /// Who is named asks around at once, and campaigns only if nobody leads; the others leave it an election
    /// timeout at least.
    @Test(arguments: [1, 3] as [NodeID])
    func theSuccessorBeginsAtOnce(_ successor: NodeID) throws {
        let member = OneMember(members: [1, 2, 3])
        let ballot = Ballot(round: 4, node: 2)
        try member.hear(2, at: 8, .prepare(Prepare(ballot: ballot)))
        try member.step(at: 8, flush: member.store.waiting)
        try member.hear(2, at: 9, .heartbeat(Heartbeat(ballot: ballot, round: 1, committed: 0)))
        let farewell = Farewell(ballot: ballot, successor: successor)
        let said = try member.hear(2, at: 10, .farewell(farewell))
        #expect(Self.asks(said) == (successor == 1 ? [2, 3] : []))
        #expect(member.core.status.leader == nil)
        guard successor != 1 else { return }
        #expect(try member.awaitStatusRound(from: 11).at >= 10 + Limits().electionTicks)
    }

    /// Who was away while the leader was elected has promised it nothing, and is handed the lead all the same.
    @Test func whoWasAwayAtTheElectionFollowsToo() throws {
        let member = OneMember(members: [1, 2, 3])
        let ballot = Ballot(round: 4, node: 2)
        try member.hear(2, at: 9, .heartbeat(Heartbeat(ballot: ballot, round: 1, committed: 0)))
        let farewell = Farewell(ballot: ballot, successor: 1)
        #expect(Self.asks(try member.hear(2, at: 10, .farewell(farewell))) == [2, 3])
    }

    /// What was said of an earlier leader moves nobody who hears a later one, or has promised one.
    @Test(arguments: [true, false])
    func anOldWordIsNotFollowed(_ isLed: Bool) throws {
        let member = OneMember(members: [1, 2, 3])
        let later = Ballot(round: 5, node: 3)
        if isLed {
            try member.hear(3, at: 9, .heartbeat(Heartbeat(ballot: later, round: 1, committed: 0)))
        } else {
            try member.hear(3, at: 9, .prepare(Prepare(ballot: later)))
        }
        let farewell = Farewell(ballot: Ballot(round: 4, node: 2), successor: 1)
        #expect(Self.asks(try member.hear(2, at: 10, .farewell(farewell))).isEmpty)
        #expect(member.core.status.leader == (isLed ? 3 : nil))
    }

    /// A candidate's farewell does not silence a healthy leader for who never promised the candidate anything.
    @Test func aStrangersFarewellSilencesNobody() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = Ballot(round: 4, node: 3)
        try member.hear(3, at: 9, .heartbeat(Heartbeat(ballot: led, round: 1, committed: 0)))
        let farewell = Farewell(ballot: Ballot(round: 5, node: 2), successor: 3)
        try member.hear(2, at: 10, .farewell(farewell))
        #expect(member.core.status.leader == 3)
        try member.hear(3, at: 39, .heartbeat(Heartbeat(ballot: led, round: 2, committed: 0)))
        #expect(member.core.status.leader == 3)
    }

    /// What a member says of itself: from which slot on the rest is no more than two windows and no less than
    /// one, in slots and in bytes.
    @Test func theHorizonIsAWindowAway() {
        var limits = Limits()
        limits.pipelineSlots = 8
        limits.pipelineBytes = 100
        for bytes in [0, 1, 10, 40, 100, 300] {
            var horizon = Horizon(at: .zero, limits: limits)
            let window = max(1, min(8, bytes == 0 ? 8 : (100 + bytes - 1) / bytes))
            for slot in 1...100 as ClosedRange<UInt64> {
                horizon.pass(Slot(rawValue: slot), bytes: bytes)
                let behind = Slot(rawValue: slot).count(after: horizon.slot)
                #expect(behind < 2 * window + 1)
                #expect(behind >= min(window, Int(slot)), "\(bytes) bytes at \(slot)")
            }
        }
        #expect(Horizon(at: 100, limits: limits).slot == 92)
        #expect(Horizon(at: 3, limits: limits).slot == .zero)
        // After an orderly restart nothing is replayed, and the mean is all that is known of bytes. Story: a
        // window was 16,384 slots then, which of large entries are gigabytes.
        #expect(Horizon(at: 100, limits: limits, meanEntryBytes: 25).slot == 96)
        #expect(Horizon(at: 100, limits: limits, meanEntryBytes: 1).slot == 92)
        #expect(Horizon(at: 100, limits: limits, meanEntryBytes: 1_000).slot == 99)
        #expect(Horizon(at: 3, limits: limits, meanEntryBytes: 25).slot == .zero)
    }
}
