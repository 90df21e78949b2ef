import PaxosCore
import PaxosSimulator
import Testing

@Suite struct LogStateTests {
    private static func token(_ node: NodeID, _ boot: UInt64, _ sequence: UInt64) -> Token {
        Token(node: node, boot: Boot(boot), sequence: sequence)
    }

    @Test func aTokenHasEffectOnce() {
        var state = LogState()
        #expect(state.effect(of: Self.token(1, 1, 1)) == .effective)
        state.consume(Self.token(1, 1, 1))
        #expect(state.effect(of: Self.token(1, 1, 1)) == .repeated)
        #expect(state.effect(of: Self.token(1, 1, 2)) == .effective)
        #expect(state.effect(of: Self.token(2, 1, 1)) == .effective)
    }

    /// The first entry of a later boot ends the earlier one: nothing of it has effect any more, and
    /// what had is known for as long as the session is kept (`R57`).
    @Test func aLaterBootEndsTheSession() {
        var state = LogState()
        for sequence in [1, 3, 5] as [UInt64] { state.consume(Self.token(1, 1, sequence)) }
        state.consume(Self.token(1, 2, 1))
        #expect(state.effect(of: Self.token(1, 1, 3)) == .sessionEnded)
        #expect(state.effect(of: Self.token(1, 1, 4)) == .sessionEnded)
        #expect(state.effect(of: Self.token(1, 2, 1)) == .repeated)
        #expect(state.effect(of: Self.token(1, 2, 2)) == .effective)
        #expect(state.sessions.count == 1)
        #expect(state.sessions[0].delivered.ranges == [1...1])
        state.consume(Self.token(1, 1, 9))
        #expect(state.sessions[0].boot == Boot(2))
        #expect(state.sessions[0].delivered.ranges == [1...1])
    }

    /// A void entry uses a token up once, and only one that is not: what it says of the token is the opposite of what
    /// an effect does.
    @Test func aVoidTokenIsNever() {
        var state = LogState()
        state.consume(Self.token(1, 1, 1))
        state.void(Self.token(1, 1, 1))
        state.void(Self.token(1, 1, 2))
        #expect(state.effect(of: Self.token(1, 1, 2)) == .repeated)
        #expect(state.fate(of: Self.token(1, 1, 1)) == .effective)
        #expect(state.fate(of: Self.token(1, 1, 2)) == .never)
        #expect(state.fate(of: Self.token(1, 1, 3)) == .open)
        #expect(state.fate(of: Self.token(1, 2, 1)) == .open)
        #expect(state.fate(of: Self.token(2, 1, 1)) == .open)
        state.void(Self.token(1, 2, 7))
        #expect(state.effect(of: Self.token(1, 1, 3)) == .sessionEnded)
        #expect(state.fate(of: Self.token(1, 1, 1)) == .effective)
        #expect(state.fate(of: Self.token(1, 1, 3)) == .never)
        #expect(state.fate(of: Self.token(1, 2, 7)) == .never)
    }

    /// Of more boots than are kept nothing is said that is not known; a boot without an entry is one whose tokens
    /// never have effect.
    @Test func whatIsForgottenIsNeverSaidToBeNever() {
        var state = LogState()
        let kept = UInt64(PastSession.mostOfNode)
        for boot in stride(from: UInt64(1), through: 2 * kept + 5, by: 2) {
            state.consume(Self.token(1, boot, 4))
        }
        let first = state.sessions[0].past[0].boot.rawValue
        #expect(first == 2 * kept + 5 - 2 * kept)
        #expect(state.sessions[0].past.count == Int(kept))
        for boot in UInt64(1)...2 * kept + 5 {
            let hasEntry = !boot.isMultiple(of: 2)
            let isForgotten = boot < first - 1
            let (used, other) = (Self.token(1, boot, 4), Self.token(1, boot, 5))
            #expect(
                state.fate(of: used) == (isForgotten ? .forgotten : hasEntry ? .effective : .never)
            )
            let rest: TokenFate = boot == 2 * kept + 5 ? .open : isForgotten ? .forgotten : .never
            #expect(state.fate(of: other) == rest, "boot \(boot)")
        }
    }

    /// Of a session with more gaps than are kept the latest sequences are.
    @Test func ofManyGapsTheLatestAreKept() {
        var state = LogState()
        let count = UInt64(PastSession.mostRanges)
        for number in 1...2 * count {
            state.consume(Self.token(1, 1, 3 * number))
            state.void(Self.token(1, 1, 3 * number + 1))
        }
        let live = state
        state.consume(Self.token(1, 2, 1))
        let past = state.sessions[0].past[0]
        #expect(past.delivered.ranges.count == Int(count))
        #expect(past.voided.ranges.count == Int(count))
        for sequence in 1...6 * count + 2 {
            let token = Self.token(1, 1, sequence)
            let known = live.fate(of: token)
            let fate = state.fate(of: token)
            if sequence < past.floor {
                #expect(fate == .forgotten)
            } else {
                #expect(fate == (known == .open ? .never : known), "sequence \(sequence)")
            }
        }
        #expect(past.floor <= 3 * count + 3)
    }

    @Test func sessionsStandInTheOrderOfTheirNodes() {
        var state = LogState()
        for node in [5, 1, 9, 3, 1, 5] as [NodeID] { state.consume(Self.token(node, 1, 1)) }
        #expect(state.sessions.map(\.node) == [1, 3, 5, 9])
        #expect(LogState(sessions: state.sessions) == state)
        #expect(LogState(sessions: state.sessions.reversed()) == nil)
        #expect(LogState(sessions: [state.sessions[0], state.sessions[0]]) == nil)
    }

    /// Whatever is used up in whatever way and order is known ever after, however many boots follow.
    @Test func whatBecameOfATokenStaysSo() {
        for seed in UInt64(1)...40 {
            var generator = SeededGenerator(seed: seed)
            var state = LogState()
            var (effective, voided): (Set<Token>, Set<Token>) = ([], [])
            for _ in 0..<200 {
                let node: NodeID = [1, 2, 3][generator.below(3)]
                let boot = UInt64(1 + generator.below(3))
                let token = Self.token(node, boot, UInt64(1 + generator.below(12)))
                let isFirst = state.effect(of: token) == .effective
                if generator.oneIn(3) {
                    state.void(token)
                    if isFirst { voided.insert(token) }
                } else {
                    state.consume(token)
                    if isFirst { effective.insert(token) }
                }
                for other in effective { #expect(state.fate(of: other) == .effective) }
                for other in voided { #expect(state.fate(of: other) == .never) }
                #expect(!effective.contains(token) || !voided.contains(token))
            }
        }
    }

    /// The state is that of the tokens consumed, against a set of them.
    @Test func randomTokensEqualASet() {
        for seed in UInt64(1)...40 {
            var generator = SeededGenerator(seed: seed)
            var state = LogState()
            var used: Set<Token> = []
            var latest: [NodeID: Boot] = [:]
            for _ in 0..<200 {
                let node: NodeID = [1, 2, 3][generator.below(3)]
                let boot = UInt64(1 + generator.below(3))
                let token = Self.token(node, boot, UInt64(1 + generator.below(12)))
                let current = latest[node, default: .never]
                let expected: Effect =
                    token.boot < current
                    ? .sessionEnded : used.contains(token) ? .repeated : .effective
                #expect(state.effect(of: token) == expected, "seed \(seed)")
                guard expected == .effective else { continue }
                state.consume(token)
                used.insert(token)
                latest[node] = token.boot
            }
        }
    }
}
