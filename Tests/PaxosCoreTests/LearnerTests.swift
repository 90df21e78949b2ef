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

        var isPassed: Bool { self != .none && self != .lower }
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
    /// accepted under a ballot below the notice's; the rest is to be fetched.
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
        learner.advance(by: Self.acceptor([.higher, .higher, .higher]))
        #expect(learner.committed == 2)
        #expect(learner.missing == nil)
    }

    /// A notice that reaches less far takes nothing back.
    @Test func theFarthestNoticeStands() {
        var learner = Learner(committed: 1)
        learner.receive(notice: Self.notice, committed: 5)
        learner.receive(notice: .limit, committed: 4)
        #expect(learner.notice.ballot == Self.notice)
        #expect(learner.missing == 2...5)
        learner.receive(notice: Ballot(round: 9, node: 1), committed: 6)
        #expect(learner.missing == 2...6)
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
