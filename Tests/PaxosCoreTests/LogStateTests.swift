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
    /// nothing of it is remembered (`R57`).
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

    @Test func sessionsStandInTheOrderOfTheirNodes() {
        var state = LogState()
        for node in [5, 1, 9, 3, 1, 5] as [NodeID] { state.consume(Self.token(node, 1, 1)) }
        #expect(state.sessions.map(\.node) == [1, 3, 5, 9])
        #expect(LogState(sessions: state.sessions) == state)
        #expect(LogState(sessions: state.sessions.reversed()) == nil)
        #expect(LogState(sessions: [state.sessions[0], state.sessions[0]]) == nil)
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
