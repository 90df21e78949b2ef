@testable import PaxosCore
import Testing

@Suite struct LeaderTests {
    static let ballot = Ballot(round: 5, node: 1)

    /// A leader, who has accepted what, and what follows from it.
    struct Desk {
        var leader: Leader
        var learner: Learner
        let membership: Membership

        init(committed: Slot = .zero, recovered: Int = 0, proposing count: Int, bytes: Int = 1)
            throws
        {
            var limits = Limits()
            limits.pipelineSlots = 8
            limits.pipelineBytes = 100
            leader = Leader(
                ballot: ballot,
                committed: committed,
                recovered: recovered,
                members: 3,
                limits: limits,
                now: .zero
            )
            learner = Learner(committed: committed)
            membership = try Membership([1, 2, 3])
            for sequence in 0..<count {
                leader.assign(Self.entry(sequence, bytes: bytes), now: .zero)
            }
        }

        static func entry(_ sequence: Int, bytes: Int) -> Entry {
            let token = Token(node: 1, boot: Boot(1), sequence: UInt64(sequence))
            return .command(Command(token: token, payload: Array(repeating: 0, count: bytes)))
        }

        mutating func accepted(
            _ slots: ClosedRange<Slot>,
            by position: Int,
            ballot: Ballot = ballot
        ) {
            leader.receive(
                Accepted(ballot: ballot, slots: slots),
                from: position,
                membership: membership,
                learner: &learner
            )
            leader.advance(committed: learner.committed, now: .zero)
        }
    }

    /// The same member counts once, however often it speaks (`R8`).
    @Test func aMemberCountsOnce() throws {
        var desk = try Desk(proposing: 1)
        for _ in 0..<3 { desk.accepted(1...1, by: 2) }
        #expect(desk.learner.committed == .zero)
        desk.accepted(1...1, by: 0)
        #expect(desk.learner.committed == 1)
    }

    /// Acceptances under another ballot, older or newer, do not add up with ours (`R14`).
    @Test func oneBallotAloneCounts() throws {
        var desk = try Desk(proposing: 1)
        desk.accepted(1...1, by: 0)
        let others = [
            Ballot(round: 4, node: 1), Ballot(round: 5, node: 2), Ballot(round: 6, node: 1),
        ]
        for ballot in others {
            desk.accepted(1...1, by: 1, ballot: ballot)
            desk.accepted(1...1, by: 2, ballot: ballot)
        }
        #expect(desk.learner.committed == .zero)
        desk.accepted(1...1, by: 1)
        #expect(desk.learner.committed == 1)
    }

    /// Slots are chosen in any order; what counts is the prefix without a hole (`R17`, `R18`).
    @Test func choiceOutOfOrderWaitsForTheHole() throws {
        var desk = try Desk(proposing: 6)
        desk.accepted(1...6, by: 0)
        desk.accepted(5...6, by: 1)
        #expect(desk.learner.committed == .zero)
        desk.accepted(2...3, by: 2)
        #expect(desk.learner.committed == .zero)
        desk.accepted(1...1, by: 1)
        #expect(desk.learner.committed == 3)
        #expect(desk.leader.slotsInFlight == 3)
        desk.accepted(3...5, by: 2)
        #expect(desk.learner.committed == 6)
        #expect(desk.leader.slotsInFlight == 0)
    }

    /// An acceptance of slots never proposed, or long committed, changes nothing.
    @Test func slotsOutsideOfThePipelineAreIgnored() throws {
        var desk = try Desk(committed: 3, proposing: 2)
        for position in 0..<3 {
            desk.accepted(1...3, by: position)
            desk.accepted(6...9, by: position)
        }
        #expect(desk.learner.committed == 3)
        #expect(desk.leader.next == 6)
        for position in 0..<2 { desk.accepted(1...9, by: position) }
        #expect(desk.learner.committed == 5)
        #expect(desk.leader.next == 6)
    }

    /// Every subset of three members in every order: chosen exactly from the second one on.
    @Test func twoOfThreeChoose() throws {
        for first in 0..<3 {
            for second in 0..<3 {
                var desk = try Desk(proposing: 2)
                desk.accepted(1...2, by: first)
                desk.accepted(1...2, by: second)
                #expect(desk.learner.committed == (first == second ? .zero : 2))
            }
        }
    }

    /// Room in slots and in bytes, to the last of each; an empty pipeline takes any one append.
    @Test func theRoomIsCounted() throws {
        for proposed in 0...8 {
            let desk = try Desk(proposing: proposed, bytes: 10)
            for entries in 1...9 {
                for bytes in stride(from: 0, through: 110, by: 10) {
                    let fits = proposed + entries <= 8 && proposed * 10 + bytes <= 100
                    #expect(
                        desk.leader.hasRoom(entries: entries, bytes: bytes)
                            == (proposed == 0 || fits)
                    )
                    #expect(desk.leader.room.takes(slots: entries, bytes: bytes) == fits)
                }
            }
        }
        var desk = try Desk(proposing: 8, bytes: 10)
        #expect(!desk.leader.hasRoom(entries: 1, bytes: 0))
        for position in 0..<2 { desk.accepted(1...3, by: position) }
        #expect(desk.leader.hasRoom(entries: 3, bytes: 50))
        #expect(!desk.leader.hasRoom(entries: 3, bytes: 51))
        #expect(!desk.leader.hasRoom(entries: 4, bytes: 50))
    }

    @Test func itBeginsBehindTheCommitted() throws {
        let desk = try Desk(committed: 7, recovered: 3, proposing: 0)
        #expect(desk.leader.next == 8)
        #expect(desk.leader.recoveredThrough == 10)
        #expect(desk.leader.slotsInFlight == 0)
    }
}
