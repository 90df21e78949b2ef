@testable import PaxosCore
import Testing

/// A slot that is chosen, and known to be by one member, which tells a candidate so and then can show
/// nothing of it. The new leader proposed nothing there, since the slot is chosen, and asked for its row for
/// ever: nothing was committed any more.
@Suite struct LostKnowerTests {
    /// n1 leads and has two entries chosen, the second with n2 or n3 alone; nobody but n1 learns of that.
    private static func chosen(with other: NodeID) throws -> Trio {
        let trio = try Trio()
        try trio.campaign(1)
        try trio.talk(1, 2, 3)
        try trio.propose(1, at: 1)
        try trio.talk(1, 2, 3)
        try trio.propose(2, at: 1)
        while let sent = trio.take(0) {
            if [sent.from, sent.to].contains(other) { try trio.deliver(sent) }
            if trio[1].learner.committed == 2 { break }
        }
        while trio.take(0) != nil {}
        #expect(trio.chosen[2] == Trio.command(2))
        #expect(trio[2].learner.committed <= 1)
        #expect(trio[3].learner.committed <= 1)
        // What it has delivered it has on disk only, and shows no candidate.
        trio.deliver(at: 1)
        return trio
    }

    /// Lets time pass; what n1 says and hears is lost unless `heard` lets it through.
    private static func run(_ trio: Trio, heard: (Trio.Sent) -> Bool) throws {
        for tick in 1...200 {
            for node in [2, 3] as [NodeID] { try trio.tick(node, at: Tick(UInt64(tick))) }
            while let sent = trio.take(0) {
                guard sent.from != 1, sent.to != 1 else {
                    if heard(sent) { try trio.deliver(sent) }
                    continue
                }
                try trio.deliver(sent)
            }
        }
    }

    private static func expectProgress(_ trio: Trio) throws {
        let leader = try #require([2, 3].first { trio[$0].leader != nil } as NodeID?)
        #expect(trio[leader].learner.committed >= 2)
        try trio.propose(3, at: leader)
        try Self.run(trio) { _ in false }
        #expect(trio.chosen.values.contains(Trio.command(3)))
        #expect(trio[2].learner.committed == trio[3].learner.committed)
    }

    private static func isCatchUp(_ sent: Trio.Sent) -> Bool {
        if case .immediate(.catchUpRequest) = sent.message { true } else { false }
    }

    /// The candidate leads by n1's promise, and asks in vain for the row that n1 speaks of.
    private static func lead(_ candidate: NodeID, in trio: Trio) throws {
        try trio.campaign(candidate)
        while let sent = trio.take(0) {
            if ![sent.from, sent.to].contains(candidate == 2 ? 3 : 2), !isCatchUp(sent) {
                try trio.deliver(sent)
            }
        }
        #expect(trio[candidate].leader != nil)
        #expect(trio[candidate].learner.committed <= 1, "it does not take its own row for chosen")
    }

    /// n1 promises and is lost.
    @Test(arguments: [2, 3] as [NodeID], [2, 3] as [NodeID])
    func whatIsLostWithItsKnowerIsLearnedFromAQuorum(
        _ other: NodeID,
        _ candidate: NodeID
    ) throws {
        let trio = try Self.chosen(with: other)
        try Self.lead(candidate, in: trio)
        try Self.run(trio) { _ in false }
        try Self.expectProgress(trio)
    }

    /// n1 lives on and takes part, and its row cannot be read: each new candidate is told that the slot is
    /// chosen, and never how (`R35`).
    @Test(arguments: [2, 3] as [NodeID], [2, 3] as [NodeID])
    func whatItsKnowerCannotReadIsLearnedFromAQuorum(
        _ other: NodeID,
        _ candidate: NodeID
    ) throws {
        let trio = try Self.chosen(with: other)
        try Self.lead(candidate, in: trio)
        try Self.run(trio) { !Self.isCatchUp($0) }
        try Self.expectProgress(trio)
    }
}
