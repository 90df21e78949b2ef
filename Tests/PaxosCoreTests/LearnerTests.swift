@testable import PaxosCore
import Testing

/// What a commit notice lets a follower pass (`R68`).
@Suite struct LearnerTests {
    private static let notice = Ballot(round: 3, node: 2)

    enum Row: CaseIterable {
        case none, lower, equal, higher, lowerChosen, equalChosen

        var stored: (ballot: Ballot, isChosen: Bool)? {
            switch self {
            case .none: nil
            case .lower: (Ballot(round: 3, node: 1), false)
            case .equal: (notice, false)
            case .higher: (Ballot(round: 3, node: 3), false)
            case .lowerChosen: (Ballot(round: 1, node: 1), true)
            case .equalChosen: (notice, true)
            }
        }

        var isPassed: Bool { self == .equal || stored?.isChosen == true }
    }

    private static func acceptor(_ rows: [Row]) -> Acceptor {
        var recovered = Identities.recovered(of: [1, 2, 3])
        recovered.accepted = rows.enumerated().compactMap { place, row in
            row.stored.map {
                AcceptedEntry(
                    slot: Slot(rawValue: UInt64(place) + 1),
                    ballot: $0.ballot,
                    entry: .noop,
                    isChosen: $0.isChosen
                )
            }
        }
        return Acceptor(recovered: recovered, limits: Limits())
    }

    /// Every triple of rows: the prefix that is passed ends before the first row that is missing or was
    /// accepted under another ballot than the notice's; the rest is to be fetched.
    @Test(arguments: Row.allCases)
    func aStaleRowIsNotPassed(_ first: Row) {
        for second in Row.allCases {
            for third in Row.allCases {
                let rows = [first, second, third]
                var learner = Learner(committed: .zero)
                learner.receive(notice: Self.notice, committed: 3)
                learner.advance(by: Self.acceptor(rows))
                let passed = rows.prefix { $0.isPassed }.count
                #expect(learner.committed == Slot(rawValue: UInt64(passed)), "\(rows)")
                #expect(
                    learner.missing == (passed < 3 ? Slot(rawValue: UInt64(passed) + 1)...3 : nil)
                )
            }
        }
    }

    /// Rows beyond the notice are accepted and not chosen, as far as anybody knows here.
    @Test func nothingBeyondTheNoticeIsPassed() {
        var learner = Learner(committed: .zero)
        learner.receive(notice: Self.notice, committed: 2)
        learner.advance(by: Self.acceptor([.equal, .equalChosen, .equal]))
        #expect(learner.committed == 2)
        #expect(learner.missing == nil)
    }

    /// A notice that reaches less far takes nothing back, unless its leader says it for good.
    @Test func theFarthestNoticeStands() {
        var learner = Learner(committed: 1)
        learner.receive(notice: Self.notice, committed: 5)
        learner.receive(notice: Self.notice, committed: 4)
        learner.hear(committed: 4, from: 1)
        #expect(learner.missing == 2...5)
        learner.receive(notice: Ballot(round: 9, node: 1), committed: 6)
        #expect(learner.missing == 2...6)
        learner.receive(notice: Ballot(round: 9, node: 1), committed: 5, isRepeated: true)
        #expect(learner.missing == 2...5)
    }

    /// What one member has said wrongly hides no other's notice. Story: one message that said slot 2^62 - 1
    /// under a ballot above the leader's kept a node from every notice of its leader; it fetched each row.
    @Test func aFalseNoticeHidesNoOther() {
        let far = Slot(rawValue: Slot.limit.rawValue - 1)
        for ballot in [Ballot(round: 9, node: 3), Ballot(round: 3, node: 3)] {
            var learner = Learner(committed: .zero)
            learner.receive(notice: ballot, committed: far)
            learner.receive(notice: Self.notice, committed: 2)
            learner.advance(by: Self.acceptor([.equal, .equal, .equal]))
            #expect(learner.committed == 2)
            #expect(learner.missing == 3...far)
        }
    }

    /// A word that its member cannot back is taken back, to what it can; others' words stand.
    @Test func whatCannotBeBackedIsForgotten() {
        var learner = Learner(committed: 1)
        learner.receive(notice: Self.notice, committed: 900)
        learner.hear(committed: 900, from: 3)
        #expect(learner.doubt(1, beyond: 4) == 0)
        #expect(learner.doubt(3, beyond: 5) == 895)
        #expect(learner.missing == 2...900)
        #expect(learner.doubt(2, beyond: 4) == 896)
        #expect(learner.missing == 2...5)
        learner.receive(notice: Ballot(round: 2, node: 2), committed: 7)
        #expect(learner.missing == 2...7, "whatever ballot it said before")
    }

    /// A row that was stored as chosen needs nobody's notice, if anybody says that the slot is chosen.
    @Test func aChosenRowNeedsNoNotice() {
        var learner = Learner(committed: .zero)
        learner.hear(committed: 2, from: 3)
        learner.advance(by: Self.acceptor([.lowerChosen, .higher]))
        #expect(learner.committed == 1)
    }

    /// A slot that this leader has chosen itself is passed whatever its row.
    @Test func whatIsKnownChosenIsPassed() {
        var learner = Learner(committed: .zero)
        learner.learn(2...3)
        #expect(learner.committed == .zero, "a hole below (R17)")
        learner.receive(notice: Self.notice, committed: 3)
        learner.advance(by: Self.acceptor([.equal, .lower, .none]))
        #expect(learner.committed == 3)
    }
}
