@testable import PaxosCore
import Testing

/// Missing rows, from the side that has them.
@Suite struct ServingTests {
    private static func committed(_ count: UInt64) -> OneMember {
        OneMember(
            disk: OneMember.disk(
                (1...count).map { OneMember.command($0) },
                committed: Slot(rawValue: count)
            ),
            members: [1, 2, 3]
        )
    }

    private static func answers(_ said: OneMember.Said) -> [CatchUp] {
        said.immediate.compactMap { message in
            guard case .catchUp(let answer) = message.body else { return nil }
            return answer
        }
    }

    /// Committed rows are read from the disk, never above what is committed and durable here.
    @Test func committedRowsAreServed() throws {
        let member = Self.committed(3)
        try member.step()
        let asked = try member.hear(2, .catchUpRequest(CatchUpRequest(slots: 2...9)))
        let read = try #require(asked.reads.first)
        #expect(read.slots == 2...3)
        let said = try member.step {
            $0.completions = [
                ReadCompletion(id: read.id, result: .success(member.store.disk.read(read)))
            ]
        }
        let answer = try #require(Self.answers(said).first)
        #expect(answer.from == 2)
        #expect(answer.committed == 3)
        #expect(answer.rows.map(\.slot) == [2, 3])
        let beyond = try member.hear(2, .catchUpRequest(CatchUpRequest(slots: 4...9)))
        #expect(beyond.reads.isEmpty)
        #expect(Self.answers(beyond) == [CatchUp(from: 4, rows: [], committed: 3)])
    }

    /// Answers the reads of a member that serves, of two rows each.
    private func readOn(_ member: OneMember, _ said: OneMember.Said) throws -> OneMember.Said {
        try member.step {
            $0.completions = said.reads.map { read in
                let slots =
                    read.slots
                    .lowerBound...min(
                        read.slots.upperBound,
                        read.slots.lowerBound.next
                    )
                let page = ReadRequest(id: read.id, slots: slots, maxBytes: read.maxBytes)
                return ReadCompletion(id: read.id, result: .success(member.store.disk.read(page)))
            }
        }
    }

    /// As many pages as were asked for are on their way, and another one goes for each that has come: none
    /// twice, until the member says that it does not wait for them any more (`R83`).
    @Test func twoPagesAreOnTheirWay() throws {
        let member = Self.committed(20)
        try member.step()
        func ask(_ first: Slot, continues: Bool) throws -> OneMember.Said {
            let request = CatchUpRequest(slots: first...20, pages: 2, continues: continues)
            return try member.hear(2, .catchUpRequest(request))
        }
        let first = try readOn(member, try ask(1, continues: false))
        #expect(Self.answers(first).map(\.from) == [1])
        let second = try readOn(member, first)
        #expect(Self.answers(second).map(\.from) == [3])
        #expect(second.reads.isEmpty, "two are on their way")
        // The first one has come.
        let third = try readOn(member, try ask(3, continues: true))
        #expect(Self.answers(third).map(\.from) == [5])
        #expect(third.reads.isEmpty)
        // Of the one from 3 only a part was of use, and that makes no room for another.
        #expect(try ask(4, continues: true).reads.isEmpty)
        // Both were lost.
        let again = try ask(3, continues: false)
        #expect(again.reads.map(\.slots) == [3...20])
    }

    /// A row that cannot be read is not served as absent: nothing is said (`R35`).
    @Test func anUnreadableRowIsNotServed() throws {
        let member = Self.committed(3)
        try member.step()
        let request = Immediate.catchUpRequest(CatchUpRequest(slots: 1...3))
        let read = try #require(try member.hear(2, request).reads.first)
        let said = try member.step {
            $0.completions = [ReadCompletion(id: read.id, result: .failure(.unreadable(2)))]
        }
        #expect(said.messages.isEmpty)
        #expect(!said.isClosed)
    }

    /// Another question replaces the one before, and one member has one read under way (`R62`). Story: two
    /// questions in turn had a page read for each, before what anybody else waited for.
    @Test func oneMemberHasOneRead() throws {
        let member = Self.committed(3)
        try member.step()
        func ask(_ slots: ClosedRange<Slot>) throws -> [ReadRequest] {
            let request = Immediate.catchUpRequest(CatchUpRequest(slots: slots))
            return try member.hear(2, request).reads
        }
        let first = try #require(try ask(1...3).first)
        for _ in 1...100 {
            #expect(try ask(2...3).isEmpty)
            #expect(try ask(1...3).isEmpty)
        }
        #expect(try ask(3...3).isEmpty)
        func read(_ request: ReadRequest) throws -> OneMember.Said {
            let rows = member.store.disk.read(request)
            return try member.step {
                $0.completions = [ReadCompletion(id: request.id, result: .success(rows))]
            }
        }
        let stale = try read(first)
        #expect(stale.messages.isEmpty, "nobody asks for that any more")
        let last = try #require(stale.reads.first)
        #expect(stale.reads.count == 1)
        #expect(last.slots == 3...3)
        #expect(Self.answers(try read(last)).map { $0.rows.map(\.slot) } == [[3]])
    }

    /// Story: what could not be read once was held against the member for ever, though it could be read again.
    @Test func whatCanBeReadAgainIsNotHeldAgainstTheMember() throws {
        let member = Self.committed(9)
        try member.step()
        func ask(_ slots: ClosedRange<Slot>, isReadable: Bool) throws {
            let request = Immediate.catchUpRequest(CatchUpRequest(slots: slots))
            let read = try #require(try member.hear(2, request).reads.first)
            let result: Result<RowPage, ReadFailure> =
                isReadable
                ? .success(member.store.disk.read(read)) : .failure(.unreadable(slots.lowerBound))
            try member.step { $0.completions = [ReadCompletion(id: read.id, result: result)] }
        }
        try ask(5...9, isReadable: false)
        try ask(7...9, isReadable: false)
        #expect(member.core.replica.unreadable == 5)
        // What stands before and behind it says nothing of it.
        try ask(1...4, isReadable: true)
        try ask(6...9, isReadable: true)
        #expect(member.core.replica.unreadable == 5)
        try ask(3...9, isReadable: true)
        #expect(member.core.replica.unreadable == nil)
    }
}
