@testable import PaxosCore
import Testing

/// Appends that ask for one slot: who gets it, and when the others are told (`R94`).
@Suite struct ConditionalAppendTests {
    private static let ballot = Ballot(round: 4, node: 3)

    private static func heartbeat(_ committed: Slot = 0, _ ballot: Ballot = ballot) -> Immediate {
        .heartbeat(Heartbeat(ballot: ballot, round: 1, committed: committed))
    }

    private static func token(_ node: NodeID, _ sequence: UInt64) -> Token {
        Token(node: node, boot: Boot(1), sequence: sequence)
    }

    private static func forward(_ node: NodeID, _ sequence: UInt64, at slot: Slot) -> Immediate {
        let token = token(node, sequence)
        return .forward(Forward(token: token, payloads: .one([9]), hops: 0, at: slot))
    }

    private static func forwards(_ said: OneMember.Said) -> [Forward] {
        said.immediate.compactMap { message in
            if case .forward(let forward) = message.body { forward } else { nil }
        }
    }

    private static func proposed(_ said: OneMember.Said) -> [Command] {
        (said.rows?.accepted ?? []).flatMap(\.run.entries).compactMap { entry in
            if case .command(let command) = entry { command } else { nil }
        }
    }

    private static func accept(_ entries: [Entry], committed: Slot = .zero) -> Immediate {
        let run = EntryRun(first: 1, entries: entries)
        return .accept(Accept(ballot: ballot, run: run, committed: committed))
    }

    /// A leader tells at once what it has named nowhere: one gets the slot, and the others use up neither a slot nor
    /// a token nor room.
    @Test func aLeaderTellsAtOnce() throws {
        let member = OneMember(limits: AppetiteTests.limits(slots: 2))
        try member.drain()
        let appends = [1, 1, 1, 3, 2, 2].map { member.append(at: Slot(rawValue: $0)) }
        let said = try member.step(appends: appends)
        #expect(said.taken == 6)
        #expect(said.outcomes == Array(repeating: .never(.slotTaken), count: 4))
        #expect(Self.proposed(said).map(\.at) == [1, 2])
        #expect(Self.proposed(said).map(\.token.sequence) == [1, 2])
        // Without room those that may still win wait, and those that cannot are told.
        let full = [5, 3, 3].map { member.append(at: Slot(rawValue: $0)) }
        #expect(try member.step(appends: full).outcomes == [.never(.slotTaken)])
        #expect(member.waiting == 2)
        let answered = try member.step(flush: 1)
        #expect(Set(answered.outcomes).contains(.committed(first: 1, count: 1)))
        #expect(answered.outcomes.contains(.never(.slotTaken)))
        #expect(Self.proposed(answered).map(\.at) == [3])
        #expect(try member.drain().outcomes == [.committed(first: 3, count: 1)])
    }

    /// One without a condition moves the next slot, and is not held up by those that lose.
    @Test func aPlainAppendTakesTheSlot() throws {
        let member = OneMember()
        try member.drain()
        let appends = [member.append(), member.append(at: 1), member.append(at: 2)]
        let said = try member.step(appends: appends)
        #expect(said.outcomes == [.never(.slotTaken)])
        #expect(Self.proposed(said).map(\.at) == [0, 2])
    }

    /// A batch asks for the slot of its first payload and counts with all of them.
    @Test func aBatchAsksForItsFirstSlot() throws {
        let member = OneMember()
        try member.drain()
        let batch = member.append(batch: [[1], [2], [3]], at: 1)
        let appends = [batch, member.append(at: 2), member.append(batch: [[4]], at: 4)]
        let said = try member.step(appends: appends)
        #expect(said.outcomes == [.never(.slotTaken)])
        #expect(Self.proposed(said).map(\.at) == [1, 1, 1, 4])
        let answers: [Reply.Outcome] = [
            .committed(first: 1, count: 3), .committed(first: 4, count: 1),
        ]
        #expect(try member.drain().outcomes == answers)
    }

    /// What a leader has proposed it tells nobody to be lost before the slot is committed with something else,
    /// though another one leads by then: that one might have found it.
    @Test func whatWasProposedWaitsForItsSlot() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.step(at: led.at, flush: member.store.waiting)
        let proposed = try member.step(at: led.at, appends: [member.append(at: 1)])
        #expect(Self.proposed(proposed).map(\.at) == [1])
        let later = Ballot(round: 9, node: 3)
        try member.step(at: led.at, flush: member.store.waiting)
        #expect(try member.hear(3, at: led.at, Self.heartbeat(0, later)).outcomes.isEmpty)
        #expect(try member.hear(3, at: led.at, Self.heartbeat(1, later)).outcomes.isEmpty)
        let row = AcceptedEntry(slot: 1, ballot: later, entry: .noop)
        let rows = CatchUp(from: 1, rows: [row], committed: 1)
        #expect(try member.hear(3, at: led.at, .catchUp(rows)).outcomes.isEmpty)
        let told = try member.step(at: led.at, flush: member.store.waiting)
        #expect(told.outcomes == [.never(.slotTaken)])
    }

    /// The same of what was sent to a leader: it stays with this node until the slot is decided here.
    @Test func whatWasForwardedWaitsForItsSlot() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat())
        let said = try member.step(appends: [member.append(at: 1), member.append(at: 2)])
        #expect(Self.forwards(said).map(\.at) == [1, 2])
        let mine = Entry.command(Command(token: Self.token(1, 2), at: 2, payload: [1]))
        try member.hear(3, Self.accept([.noop, mine]))
        try member.step(flush: member.store.waiting)
        #expect(try member.hear(3, Self.heartbeat(1)).outcomes == [.never(.slotTaken)])
        let won = try member.hear(3, Self.heartbeat(2))
        #expect(won.outcomes == [.committed(first: 2, count: 1)])
        // What is known to be committed is asked for nowhere, and needs no room.
        let late = try member.step(appends: [member.append(at: 2), member.append(at: 3)])
        #expect(late.outcomes == [.never(.slotTaken)])
        #expect(Self.forwards(late).map(\.at) == [3])
    }

    /// Its time may be up before that: then nobody knows.
    @Test func aWaitThatEndsLeavesItUnknown() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat())
        try member.step(appends: [member.append(at: 7, deadline: Tick(3))])
        let said = try member.hear(3, at: 3, Self.heartbeat())
        #expect(said.outcomes == [.unknown(Self.token(1, 1), .timedOut)])
    }

    /// A leader takes from others what asks for its next slot, whole, and leaves the rest, that may come again.
    @Test func aLeaderTakesWhatAsksForItsNextSlot() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.step(at: led.at, flush: member.store.waiting)
        let said = try member.hear(
            2,
            at: led.at,
            Self.forward(2, 1, at: 2),
            Self.forward(2, 2, at: 1),
            Self.forward(2, 3, at: 1)
        )
        #expect(Self.proposed(said).map(\.token) == [Self.token(2, 2)])
        let again = try member.hear(2, at: led.at, Self.forward(2, 1, at: 2))
        #expect(Self.proposed(again).map(\.at) == [2])
    }

    /// Who leads after it has forwarded proposes it where it belongs, or waits to see what stands there.
    @Test func whoLeadsLaterKeepsTheCondition() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat())
        try member.step(appends: [member.append(at: 5), member.append(at: 1)])
        let led = try member.lead(from: 100)
        for _ in 0..<4 {
            let said = try member.step(at: led.at, flush: member.store.waiting)
            #expect(said.outcomes.isEmpty)
        }
        let mine = Command(token: Self.token(1, 2), at: 1, payload: [1])
        #expect(member.store.disk.rows.compactMap { $0?.entry } == [.command(mine)])
    }

    /// A base that stands for the slot tells whether the append has had its effect, and not where.
    @Test func theEffectKnowsTheCondition() {
        let there = Command(token: Self.token(1, 1), at: 1, payload: [])
        let elsewhere = Command(token: Self.token(1, 2), at: 9, payload: [])
        var delivery = Delivery(resuming: .empty)
        var effects: [Effect] = []
        for command in [there, elsewhere, elsewhere] {
            delivery.feed(.command(command)) { effects.append($0.effect) }
        }
        #expect(effects == [.effective, .elsewhere, .elsewhere])
        // It has left its token as it was.
        #expect(delivery.state.fate(of: Self.token(1, 2)) == .open)
        delivery.feed(.command(Command(token: Self.token(1, 2), at: 4, payload: []))) {
            effects.append($0.effect)
        }
        #expect(effects.last == .effective)
        // Of a batch the first slot counts, and all ask for the same.
        for index in 0..<2 as Range<UInt32> {
            let command = Command(
                token: Self.token(1, 3),
                index: index,
                count: 2,
                at: 5,
                payload: []
            )
            delivery.feed(.command(command)) { effects.append($0.effect) }
        }
        #expect(effects.suffix(2) == [.effective, .effective])
        for at in 7...8 as ClosedRange<UInt64> {
            let command = Command(
                token: Self.token(1, 4),
                index: UInt32(at - 7),
                count: 2,
                at: Slot(rawValue: at),
                payload: []
            )
            delivery.feed(.command(command)) { effects.append($0.effect) }
        }
        delivery.feed(.noop) { effects.append($0.effect) }
        #expect(effects.suffix(2) == [.torn, .torn])
    }

    /// What an append without a condition costs does not grow (`Scripts/wire-counts` counts the instructions).
    @Test func aPlainAppendStaysAsLong() {
        let token = Self.token(1, 1)
        let plain = Entry.command(Command(token: token, payload: [1, 2, 3]))
        let conditional = Entry.command(Command(token: token, at: 7, payload: [1, 2, 3]))
        #expect(EntryRun(first: 7, entries: [plain]).byteCount == 12 + 37 + 3)
        #expect(EntryRun(first: 7, entries: [conditional]).byteCount == 12 + 37 + 3 + 8)
        #expect(Forward(token: token, payloads: .one([]), hops: 0).byteCount == 34)
        #expect(Forward(token: token, payloads: .one([]), hops: 0, at: 7).byteCount == 42)
    }
}
