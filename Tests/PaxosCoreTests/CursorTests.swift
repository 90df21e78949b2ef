import Testing

@testable import PaxosCore

/// How far consumers have come, as the node keeps it.
@Suite struct CursorTests {
    private let name: CursorName
    private let other: CursorName

    init() throws {
        name = try CursorName("billing")
        other = try CursorName("mail")
    }

    private static func alone(_ policy: TrimPolicy = TrimPolicy()) throws -> OneMember {
        try TrimmingTests.member([1], policy: policy)
    }

    private func open(_ member: OneMember, behind slot: Slot = .zero) throws {
        try member.step { $0.cursors = [member.cursor(name, .open(slot))] }
        #expect(try member.drain().outcomes == [.cursor(slot)])
    }

    private func record(_ slot: Slot) -> CursorRecord { CursorRecord(name: name, slot: slot) }

    /// By the first cursor that the process has had, or another.
    private func move(_ slot: Slot, of cursor: UInt64 = 1) -> CursorMove {
        CursorMove(record: record(slot), cursor: cursor)
    }

    /// It is told when it is durable, and a restart finds it.
    @Test func aCursorIsOpenedDurably() throws {
        let member = try Self.alone()
        let asked = try member.step { $0.cursors = [member.cursor(name, .open(2))] }
        #expect(asked.outcomes.isEmpty)
        #expect(asked.rows?.cursors == [record(2)])
        #expect(try member.drain().outcomes == [.cursor(2)])
        let again = OneMember(disk: member.store.disk)
        #expect(again.core.status.cursors.map(\.record) == [record(2)])
        try again.step { $0.cursors = [again.cursor(name, .open(4))] }
        #expect(try again.drain().outcomes == [.cursor(2)], "where it was left")
    }

    /// What is confirmed goes with the next write, and has none of its own before half a second.
    @Test func aPositionGoesWithWhatIsWritten() throws {
        let member = try Self.alone()
        try open(member)
        let confirmed = try member.step(at: 1) { $0.confirmed = [move(3)] }
        #expect(confirmed.rows == nil)
        let append = try member.step(at: 2, appends: [member.append()])
        #expect(append.rows?.cursors == [record(3)])
        try member.step(at: 2, flush: member.store.waiting)
        #expect(try member.step(at: 3, appends: [member.append()]).rows?.cursors == nil, "once")
    }

    @Test func aPositionWaitsForNobodyForLong() throws {
        let member = try Self.alone()
        try open(member)
        try member.step(at: 1) { $0.confirmed = [move(3)] }
        #expect(member.core.nextDeadline <= Tick(51), "somebody has to look then")
        #expect(try member.step(at: 50).rows == nil)
        #expect(try member.step(at: 51).rows?.cursors == [record(3)])
        try member.step(at: 51, flush: member.store.waiting)
        #expect(try member.step(at: 200).rows == nil)
    }

    /// Never ahead of what was confirmed, whatever this node has delivered since; never back; never beyond what it has
    /// delivered.
    @Test func itStandsWhereItsConsumerSays() throws {
        let member = try Self.alone()
        try open(member)
        try member.step(at: 1) { $0.confirmed = [move(2)] }
        try member.step(at: 1) { $0.confirmed = [move(1)] }
        let asked = try member.step(at: 2) { $0.cursors = [member.cursor(name, .flush)] }
        #expect(asked.rows?.cursors == [record(2)])
        #expect(try member.step(at: 2, flush: member.store.waiting).outcomes == [.cursor(2)])
        try member.step(at: 3) { $0.confirmed = [move(9)] }
        let beyond = try member.step(at: 4) { $0.cursors = [member.cursor(name, .flush)] }
        #expect(beyond.rows?.cursors == [record(4)])
    }

    @Test func theOrderlyEndWritesIt() throws {
        let member = try Self.alone()
        try open(member)
        try member.step(at: 1) { arrivals in
            arrivals.confirmed = [move(3)]
            arrivals.closeBy = Tick(100)
        }
        try member.step(at: 100)
        try member.step(at: 101, flush: member.store.waiting)
        #expect(member.store.disk.cursors == [record(3)])
    }

    @Test func oneIsRemoved() throws {
        let member = try Self.alone()
        try open(member)
        try member.step { $0.cursors = [member.cursor(other, .remove)] }
        #expect(
            try member.step { $0.cursors = [member.cursor(other, .flush)] }.outcomes == [
                .cursor(nil)
            ]
        )
        try member.step { $0.cursors = [member.cursor(name, .remove)] }
        #expect(try member.drain().outcomes == [.cursor(0)])
        #expect(member.store.disk.cursors.isEmpty)
        #expect(member.core.status.cursors.isEmpty)
        try member.step(at: 1) { $0.confirmed = [move(3)] }
        #expect(try member.step(at: 90).rows == nil, "nobody has it any more")
    }

    /// One that was removed and made again is another: whoever has the one before moves it no more.
    @Test func anotherOfItsNameIsAnother() throws {
        let member = try Self.alone()
        try open(member)
        try member.step { $0.cursors = [member.cursor(name, .remove)] }
        try member.drain()
        try open(member, behind: 1)
        #expect(member.core.status.cursors.map(\.id) == [2])
        try member.step(at: 1) { $0.confirmed = [move(3)] }
        #expect(member.core.status.cursors.map(\.record) == [record(1)])
        try member.step(at: 1) { $0.confirmed = [move(3), move(2, of: 2)] }
        #expect(member.core.status.cursors.map(\.record) == [record(2)])
    }

    /// It is made where it was asked for, once that is delivered; or its caller is told that the time is up.
    @Test func oneThatBeginsFartherOnWaits() throws {
        let member = try Self.alone()
        let asked = try member.step { $0.cursors = [member.cursor(name, .open(5))] }
        let late = try member.step(at: 1) {
            $0.cursors = [member.cursor(other, .open(6), deadline: Tick(9))]
        }
        #expect(asked.outcomes.isEmpty && late.outcomes.isEmpty)
        #expect(member.core.status.cursors.isEmpty)
        #expect(member.core.nextDeadline <= Tick(9))
        #expect(try member.step(at: 9).outcomes == [.never(.timedOut)])
        try member.step(at: 10, appends: [member.append()])
        #expect(try member.drain().outcomes.contains(.cursor(5)))
        #expect(member.store.disk.cursors == [record(5)])
        try member.step(at: 11, appends: [member.append()])
        try member.drain()
        #expect(member.core.status.cursors.map(\.record.name) == [name])
    }

    @Test func thereAreSoManyAtTheMost() throws {
        let member = try Self.alone()
        for number in 0..<Cursors.most {
            let name = try CursorName("c\(number)")
            try member.step { $0.cursors = [member.cursor(name, .open(0))] }
        }
        try member.drain()
        let more = try member.step { $0.cursors = [member.cursor(name, .open(0))] }
        #expect(more.outcomes == [.cursor(nil)])
        let names = member.store.disk.cursors.map(\.name)
        #expect(names == names.sorted() && names.count == 64)
    }

    // MARK: - What is kept for it

    /// A call and the policy stop at the slowest, by what was handed to the store.
    @Test func nothingIsTrimmedThatItHasNotPassed() throws {
        let member = try Self.alone()
        try open(member, behind: 1)
        try member.step { $0.cursors = [member.cursor(other, .open(3))] }
        try member.drain()
        try member.step { $0.trims = [member.trim(through: 4)] }
        #expect(try member.drain().outcomes == [.trimmed(through: 1, .cursor(1))])
        let passed = try member.step(at: 1) { $0.confirmed = [move(2)] }
        #expect(passed.rows == nil, "it is not written yet")
        let flushed = try member.step(at: 1) { $0.cursors = [member.cursor(name, .flush)] }
        #expect(flushed.rows?.cursors?.first?.slot == 2)
        #expect(flushed.rows?.trimmed == 2, "the one transaction holds both")
        try member.step(at: 2, flush: member.store.waiting)
        try member.step(at: 2) { $0.trims = [member.trim(through: 4, pastCursors: true)] }
        try member.step(at: 2, flush: member.store.waiting)
        #expect(member.core.status.trimmed == 4)
    }

    @Test(arguments: [true, false]) func anAbandonedOneHoldsNothing(_ isByTime: Bool) throws {
        var policy = TrimPolicy()
        if isByTime { policy.cursorTime = .seconds(2) } else { policy.cursorSlots = 2 }
        let member = try Self.alone(policy)
        try open(member, behind: 1)
        try member.step(at: 1) { $0.trims = [member.trim(through: 3)] }
        try member.step(at: 2, flush: member.store.waiting)
        #expect(member.core.status.trimmed == (isByTime ? 1 : 3))
        guard isByTime else { return }
        for now in [199, 200, 201] as [UInt64] {
            try member.step(at: now, flush: member.store.waiting)
        }
        #expect(member.core.status.trimmed == 3)
    }

    @Test func namesAreChecked() throws {
        for name in ["", "a b", "ä", String(repeating: "a", count: 65)] {
            #expect(throws: InvalidCursorName.self) { try CursorName(name) }
        }
        #expect(try CursorName("Aa0-_.").name == "Aa0-_.")
    }
}
