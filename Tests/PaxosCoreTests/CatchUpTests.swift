@testable import PaxosCore
import Testing

/// Missing rows, from the side that asks for them.
@Suite struct CatchUpTests {
    private static let ballot = Ballot(round: 4, node: 3)

    private static func row(_ slot: Slot) -> AcceptedEntry {
        AcceptedEntry(slot: slot, ballot: ballot, entry: OneMember.command(slot.rawValue))
    }

    private static func heartbeat(_ committed: Slot, round: UInt64 = 1) -> Immediate {
        .heartbeat(Heartbeat(ballot: ballot, round: round, committed: committed))
    }

    private static func requests(_ said: OneMember.Said) -> [NodeID: ClosedRange<Slot>] {
        var requests: [NodeID: ClosedRange<Slot>] = [:]
        for message in said.immediate {
            guard case .catchUpRequest(let request) = message.body else { continue }
            requests[message.destination] = request.slots
        }
        return requests
    }

    /// What a notice names and the disk does not hold is fetched, page by page, stored with a chosen mark
    /// and delivered once it is durable.
    @Test func missingRowsAreFetchedPageByPage() throws {
        let member = OneMember(members: [1, 2, 3])
        let asked = try member.hear(3, Self.heartbeat(3))
        #expect(Self.requests(asked) == [3: 1...3])
        let page = CatchUp(from: 1, rows: [Self.row(1), Self.row(2)], committed: 3)
        let first = try member.hear(3, .catchUp(page))
        #expect(first.rows?.accepted.map(\.isChosen) == [true, true])
        #expect(first.rows?.promised == Self.ballot, "an earlier leader is kept out")
        #expect(first.statements.isEmpty)
        #expect(first.delivered.isEmpty)
        #expect(Self.requests(first) == [3: 3...3])
        let second = try member.hear(
            3,
            .catchUp(CatchUp(from: 3, rows: [Self.row(3)], committed: 3))
        )
        #expect(Self.requests(second) == [:])
        #expect(member.core.status.committed == 3)
        #expect(try member.step(flush: 3).delivered == [1, 2, 3])
    }

    /// Rows of slots that are missing count, whoever sends them and however late; a page with a hole counts
    /// up to the hole.
    @Test func whateverIsMissingCounts() throws {
        let member = OneMember(members: [1, 2, 3])
        let rows = [Self.row(1), Self.row(2), Self.row(3)]
        try member.hear(3, .catchUp(CatchUp(from: 1, rows: rows, committed: 3)))
        #expect(member.core.status.committed == .zero, "nobody asked")
        try member.hear(3, Self.heartbeat(3))
        try member.hear(3, .catchUp(CatchUp(from: 2, rows: [Self.row(2)], committed: 3)))
        #expect(member.core.status.committed == .zero)
        let torn = CatchUp(from: 1, rows: [Self.row(1), Self.row(3)], committed: 3)
        let said = try member.hear(3, .catchUp(torn))
        #expect(member.core.status.committed == 1)
        #expect(Array(Self.requests(said).values) == [2...3])
        try member.hear(2, .catchUp(CatchUp(from: 1, rows: rows, committed: 3)))
        #expect(member.core.status.committed == 3, "late, and from somebody else")
    }

    /// A page may stand in a queue for long: it is asked for again when its member has answered what was asked
    /// behind it, and not before (`R83`).
    @Test func aLateAnswerIsNotAskedForAgain() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat(1))
        let waiting = try member.hear(3, at: 15, Self.heartbeat(1, round: 2))
        #expect(Self.requests(waiting) == [:])
        let probe = try #require(waiting.probes.first)
        #expect(probe.destination == 3 && probe.body.subject == .answers)
        #expect(Self.requests(try member.hear(3, at: 40, Self.heartbeat(1, round: 3))) == [:])
        let reply = ProbeReply(id: probe.body.id, subject: .answers)
        let again = try member.hear(3, at: 41, .probeReply(reply))
        #expect(Self.requests(again) == [2: 1...1])
    }

    /// The first question goes to somebody who is known to have the slot, and who is heard: each member begins
    /// with the one after itself, and not all with the same one.
    @Test func whoIsHeardIsAskedFirst() throws {
        let member = OneMember(members: [1, 2, 3])
        func status(_ committed: Slot) -> Immediate {
            .statusReply(
                StatusReply(id: 1, leader: nil, promised: .zero, committed: committed)
            )
        }
        let both = try member.step(at: 1) { arrivals in
            arrivals.messages = [member.from(3, status(2)), member.from(2, status(2))]
        }
        #expect(Self.requests(both) == [2: 1...2])
        let page = CatchUp(from: 1, rows: [Self.row(1), Self.row(2)], committed: 2)
        try member.hear(2, at: 1, .catchUp(page))
        try member.step(at: 1, flush: member.store.waiting)
        #expect(Self.requests(try member.hear(3, at: 60, status(3))) == [3: 3...3])
    }

    /// An answer to a probe of an earlier process may be addressed to this one: who gives it late has met this one by
    /// then. It counts for nothing.
    @Test func anAnswerToAnEarlierProcessIsNone() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat(1))
        let waiting = try member.hear(3, at: 15, Self.heartbeat(1, round: 2))
        let probe = try #require(waiting.probes.first)
        #expect(probe.body.id > 1 << 32, "drawn")
        for id in [probe.body.id + 1, probe.body.id + 100, .max, probe.body.id - 1, 1] {
            let reply = ProbeReply(id: id, subject: .answers)
            #expect(Self.requests(try member.hear(3, at: 16, .probeReply(reply))) == [:])
        }
        let reply = ProbeReply(id: probe.body.id, subject: .answers)
        #expect(Self.requests(try member.hear(3, at: 16, .probeReply(reply))) == [2: 1...1])
    }

    /// A leader that waits for a page over a narrow link is not stuck, however long that takes, until a candidate
    /// would give up; one that has asked everybody in vain is.
    @Test(arguments: [true, false])
    func aPageUnderWayIsWaitedFor(_ isUnderway: Bool) throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead(committed: 3, last: 3)
        #expect(member.core.status.role == .leader)
        let timeout = Limits().electionTicks
        var left: UInt64?
        let none = CatchUp(from: 1, rows: [], committed: 0)
        if !isUnderway { try member.hear(2, at: led.at, .catchUp(none)) }
        for now in led.at...led.at + 20 * timeout where left == nil {
            let reply = HeartbeatReply(
                ballot: led.ballot,
                round: 1,
                promised: led.ballot,
                committed: isUnderway ? 3 : 0
            )
            let said = try member.hear(2, at: now, .heartbeatReply(reply))
            if !isUnderway {
                for node in Self.requests(said).keys {
                    try member.hear(node, at: now, .catchUp(none))
                }
            }
            if member.core.status.ballot != led.ballot { left = now - led.at }
        }
        let waited = try #require(left)
        #expect(isUnderway ? waited >= 16 * timeout : waited <= 3 * timeout)
    }

    /// Who is full in memory asks for nothing it would have to drop.
    @Test func aPageIsNotAskedForWithoutRoom() throws {
        var limits = Limits()
        limits.maxPayloadBytes = 1
        limits.pipelineBytes = 2
        limits.pageBytes = 2
        let member = OneMember(members: [1, 2, 3], limits: limits)
        try member.hear(3, Self.heartbeat(9))
        let rows = [Self.row(1), Self.row(2), Self.row(3), Self.row(4)]
        let full = try member.hear(3, .catchUp(CatchUp(from: 1, rows: rows, committed: 9)))
        #expect(Self.requests(full) == [:])
        let room = try member.step(flush: member.store.waiting)
        #expect(room.delivered == [1, 2, 3, 4])
        #expect(Self.requests(try member.step(at: 1)) == [3: 5...9])
    }

    /// A member that lives and answers no probe is waited for, and not for ever.
    @Test func whoIsMuteInItsLogLaneIsFollowedByTheNext() throws {
        let member = OneMember(members: [1, 2, 3])
        let election = Limits().electionTicks
        #expect(Self.requests(try member.hear(3, Self.heartbeat(1))) == [3: 1...1])
        var asked: (NodeID, UInt64)?
        for now in 1...100 * election where asked == nil {
            let beat = Self.heartbeat(1, round: now)
            let said = try member.hear(3, at: now, beat)
            if let first = Self.requests(said).first { asked = (first.key, now) }
        }
        let found = try #require(asked)
        #expect(found.0 == 2)
        #expect(found.1 >= 16 * election)
    }

    /// What was dropped for want of room is not asked for again in the same breath.
    @Test func whatWasDroppedIsNotAskedForAtOnce() throws {
        var limits = Limits()
        limits.maxPayloadBytes = 1
        limits.pipelineBytes = 2
        limits.pageBytes = 1
        let member = OneMember(members: [1, 2, 3], limits: limits)
        try member.hear(3, Self.heartbeat(9))
        let rows = [Self.row(1), Self.row(2), Self.row(3)]
        let asked = try member.hear(3, .catchUp(CatchUp(from: 1, rows: rows, committed: 9)))
        #expect(Self.requests(asked) == [3: 4...9])
        // Larger than was asked for: it does not fit.
        let large = AcceptedEntry(
            slot: 4,
            ballot: Self.ballot,
            entry: .command(
                Command(token: Token(node: 1, boot: Boot(1), sequence: 4), payload: [1, 2, 3])
            )
        )
        let dropped = try member.hear(3, .catchUp(CatchUp(from: 4, rows: [large], committed: 9)))
        #expect(Self.requests(dropped) == [:])
        #expect(Self.requests(try member.step(at: 1)) == [:])
        #expect(!Self.requests(try member.step(at: Limits().electionTicks)).isEmpty)
    }

    /// Whoever does not answer, or has nothing, is followed by the next member.
    @Test(arguments: [true, false])
    func theNextMemberIsAsked(_ answers: Bool) throws {
        let member = OneMember(members: [1, 2, 3])
        #expect(Self.requests(try member.hear(3, Self.heartbeat(1))) == [3: 1...1])
        if answers {
            try member.hear(3, .catchUp(CatchUp(from: 1, rows: [], committed: .zero)))
        }
        #expect(Self.requests(try member.step(at: 14)) == [:])
        // Who has nothing says so, and is not believed before it says again that there is something; of who is
        // silent an election timeout tells.
        if answers {
            #expect(Self.requests(try member.step(at: 15)) == [:])
            #expect(Self.requests(try member.hear(3, at: 15, Self.heartbeat(1))) == [2: 1...1])
            #expect(Self.requests(try member.step(at: 45)) == [3: 1...1])
        } else {
            #expect(Self.requests(try member.step(at: 29)) == [:])
            #expect(Self.requests(try member.step(at: 30)) == [2: 1...1])
            #expect(Self.requests(try member.step(at: 60)) == [3: 1...1])
        }
    }

    /// Who fetches says what has come, and asks for all anew when a page was lost.
    @Test func whatIsOnItsWayIsNotAskedForAgain() throws {
        let member = OneMember(members: [1, 2, 3])
        func requests(_ said: OneMember.Said) -> [CatchUpRequest] {
            said.immediate.compactMap { message in
                guard case .catchUpRequest(let request) = message.body else { return nil }
                return request
            }
        }
        let asked = try member.hear(3, Self.heartbeat(9))
        #expect(requests(asked) == [CatchUpRequest(slots: 1...9, pages: 2)])
        let page = CatchUp(from: 1, rows: [Self.row(1), Self.row(2)], committed: 9)
        let next = CatchUpRequest(slots: 3...9, pages: 2, continues: true)
        #expect(requests(try member.hear(3, .catchUp(page))) == [next])
        // A page that begins before what is awaited, and holds it.
        let wider = CatchUp(from: 2, rows: [2, 3, 4].map { Self.row($0) }, committed: 9)
        let further = CatchUpRequest(slots: 5...9, pages: 2, continues: true)
        #expect(requests(try member.hear(3, .catchUp(wider))) == [further])
        // Of a page with a hole the rest does not come again by itself.
        let torn = CatchUp(from: 5, rows: [Self.row(5), Self.row(7)], committed: 9)
        let rest = CatchUpRequest(slots: 6...9, pages: 2)
        #expect(requests(try member.hear(3, .catchUp(torn))) == [rest])
        // Half an election timeout later it asks what became of it, and the answer comes before the page.
        let later = Limits().electionTicks / 2
        let probe = try #require(
            try member.hear(3, at: later, Self.heartbeat(9, round: 2)).immediate.compactMap {
                message in
                if case .probe(let probe) = message.body { probe } else { nil }
            }.first
        )
        let lost = ProbeReply(id: probe.id, subject: .answers)
        let anew = requests(try member.hear(3, at: later, .probeReply(lost)))
        #expect(anew.map(\.slots) == [6...9])
        #expect(anew.map(\.continues) == [false])
    }

    /// A page that was read before it was asked for says nothing of what was claimed since (`R84`).
    @Test func anOlderPageContradictsNobody() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat(4))
        let far: Slot = 100_000
        try member.hear(3, Self.heartbeat(far, round: 2))
        for first in [1, 3] as [Slot] {
            let rows = [Self.row(first), Self.row(first.next)]
            try member.hear(3, .catchUp(CatchUp(from: first, rows: rows, committed: 4)))
            #expect(member.core.replica.unbackedClaims == 0)
        }
        #expect(member.core.status.committed == 4)
        #expect(member.core.replica.learner.missing == 5...far)
    }
}
