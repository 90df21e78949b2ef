@testable import PaxosCore
import Testing

/// What a member is sent by what it has shown (`R83`).
@Suite struct FeedingTests {
    private static func accepts(_ said: OneMember.Said) -> [NodeID] {
        said.immediate.compactMap { message in
            if case .accept = message.body { message.destination } else { nil }
        }
    }

    private static func answer(_ ballot: Ballot, committed: Slot) -> Immediate {
        .heartbeatReply(
            HeartbeatReply(ballot: ballot, round: 1, promised: ballot, committed: committed)
        )
    }

    private static func limits() -> Limits {
        var limits = Limits()
        limits.maxPayloadBytes = 40
        limits.pipelineSlots = 4
        limits.pipelineBytes = 80
        return limits
    }

    /// A member that shows nothing of the last two pipelines, in slots or in bytes, is sent no more: it would have
    /// to drop it. Once it has come so far it is sent what is new.
    @Test(arguments: [1, 40])
    func nobodyIsFedBeyondItsWindow(_ bytes: Int) throws {
        let member = OneMember(members: [1, 2, 3], limits: Self.limits())
        let led = try member.lead()
        try member.step(at: led.at, flush: member.store.waiting)
        let window = bytes == 1 ? 8 : 4
        func propose(_ slot: Int) throws -> [NodeID] {
            let said = try member.step(at: led.at, appends: [member.append(bytes)])
            let sent = Self.accepts(said)
            let slots = Slot(rawValue: UInt64(slot))...Slot(rawValue: UInt64(slot))
            let accepted = Accepted(ballot: led.ballot, slots: slots)
            try member.hear(2, at: led.at, .accepted(accepted))
            try member.step(at: led.at, flush: member.store.waiting)
            #expect(member.core.status.committed == slots.upperBound)
            return sent
        }
        for slot in 1...window { #expect(try propose(slot) == [2, 3], "slot \(slot)") }
        for slot in window + 1...3 * window { #expect(try propose(slot) == [2], "slot \(slot)") }
        let behind = Slot(rawValue: UInt64(2 * window))
        try member.hear(3, at: led.at, Self.answer(led.ballot, committed: behind))
        #expect(try propose(3 * window + 1) == [2], "one slot too far")
        try member.hear(3, at: led.at, Self.answer(led.ballot, committed: behind.advanced(by: 2)))
        #expect(try propose(3 * window + 2) == [2, 3])
    }

    /// What a step proposes leaves for all members as one Accept, theirs next to each other: a transport can tell
    /// that they have one body, and encode it once.
    @Test func anAcceptIsTheSameForAll() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.step(at: led.at, flush: member.store.waiting)
        for _ in 1...3 {
            let said = try member.step(at: led.at, appends: [member.append(9), member.append(9)])
            let sent = said.messages.filter { $0.message.kind == .accept }
            #expect(sent.map(\.destination) == [2, 3])
            let place = try #require(said.messages.firstIndex { $0.message.kind == .accept })
            #expect(said.messages[place].sharesBody(with: said.messages[place + 1]))
            #expect(said.messages[place].head != said.messages[place + 1].head)
        }
    }

    /// Whoever is needed for a quorum is asked what it lacks, and sent that.
    @Test func whoeverIsNeededIsAsked() throws {
        let member = OneMember(members: [1, 2, 3], limits: Self.limits())
        let led = try member.lead()
        try member.step(at: led.at, flush: member.store.waiting)
        for _ in 1...4 { try member.step(at: led.at, appends: [member.append()]) }
        try member.step(at: led.at, flush: member.store.waiting)
        let asked = try member.step(at: led.at + 10)
        #expect(asked.probes.map(\.destination) == [2, 3])
        let probe = try #require(asked.probes.last)
        let missing = ProbeReply.Subject.accepts(led.ballot, missing: 1...4)
        let reply = ProbeReply(id: probe.body.id, subject: missing)
        #expect(Self.accepts(try member.hear(3, at: led.at + 10, .probeReply(reply))) == [3])
    }
}
