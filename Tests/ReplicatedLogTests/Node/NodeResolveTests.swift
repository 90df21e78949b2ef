import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// What a node says became of an append, by its token.
@Suite(.shared) struct NodeResolveTests {
    private static func token(_ sequence: UInt64, boot: UInt64 = 1) -> Token {
        Token(node: 1, boot: Boot(boot), sequence: sequence)
    }

    private static func entry(_ sequence: UInt64, index: UInt32 = 0, of count: UInt32 = 1) -> Entry
    {
        let command = Command(token: token(sequence), index: index, count: count, payload: [7])
        return .command(command)
    }

    /// Slot 3 repeats slot 1, 4 to 6 are a batch, 7 is void, and 8 comes too late.
    private static let rows: [Entry] = [
        entry(1), entry(2), entry(1), entry(3, index: 0, of: 3), entry(3, index: 1, of: 3),
        entry(3, index: 2, of: 3), .void(token(4)), entry(4),
    ]

    /// After restarts, in memory or on disk, replayed or not: the log tells. What it does not speak of is open until
    /// the first entry of a later boot.
    @Test(arguments: [1, 100], [Slot.zero, 8])
    func theLogTells(_ checkpointSlots: Int, _ committed: Slot) async throws {
        let directory = try NodeDirectory { $0.checkpointSlots = checkpointSlots }
        try await directory.write(Self.rows, committed: committed)
        for round in 0..<2 {
            try await running(try await directory.open()) { node in
                _ = try await node.barrier()
                #expect(try await node.resolve(Self.token(1)) == .committed(1...1))
                #expect(try await node.resolve(Self.token(3)) == .committed(4...6))
                #expect(try await node.resolve(Self.token(4)) == .never)
                let other = try await node.resolve(Self.token(5))
                #expect(other == (round == 0 ? .unknown(.undecided) : .never))
                try await node.append([1])
                #expect(try await node.resolve(Self.token(5)) == .never)
                let own = Self.token(1, boot: UInt64(round) + 2)
                let slot = Slot(rawValue: 9 + UInt64(round))
                #expect(try await node.resolve(own) == .committed(slot...slot))
            }
        }
    }

    /// A question before `run()` waits for it, and for what is to be replayed.
    @Test func aQuestionWaitsForTheReplay() async throws {
        let directory = try NodeDirectory()
        try await directory.write(Self.rows, committed: 8)
        let node = try await directory.open()
        let early = Task { try await node.resolve(Self.token(2), timeout: .seconds(300)) }
        try await eventually("it is asked") { node.inbox.state.withLock { $0.resolves.count } == 1 }
        try await running(node) { _ in
            let resolution = try await early.value
            #expect(resolution == .committed(2...2))
        }
    }

    /// Below the trim point the log state knows that an append had its effect, and that another never will.
    @Test func belowTheTrimPointTheLogStateTells() async throws {
        let directory = try NodeDirectory()
        try await directory.write(Self.rows, committed: 8)
        for round in 0..<2 {
            try await running(try await directory.open()) { node in
                let end = try await node.append([1])
                if round == 0 {
                    try await eventually("it is trimmed") {
                        try await node.trim(through: 8).through == 8
                    }
                }
                #expect(try await node.resolve(Self.token(3)) == .passed(through: 8))
                #expect(try await node.resolve(Self.token(4)) == .never)
                #expect(try await node.resolve(Self.token(5)) == .never)
                let own = Self.token(1, boot: UInt64(round) + 2)
                #expect(try await node.resolve(own) == .committed(end...end))
            }
        }
    }

    /// What neither the log state nor the rows tell is not said to be never: but with the whole log at hand it is known.
    @Test func whatIsForgottenIsUnknown() async throws {
        let directory = try NodeDirectory()
        try await directory.write([Self.entry(1)], committed: 1)
        for _ in 0...PastSession.mostOfNode {
            try await running(try await directory.open()) { _ = try await $0.append([1]) }
        }
        try await running(try await directory.open()) { try await Self.forget($0) }
    }

    private static func forget(_ node: LogNode) async throws {
        _ = try await node.barrier()
        #expect(try await node.resolve(token(1)) == .committed(1...1))
        #expect(try await node.resolve(token(2)) == .never)
        try await eventually("it is trimmed") { try await node.trim(through: 1).through == 1 }
        #expect(try await node.resolve(token(1)) == .unknown(.forgotten))
        #expect(try await node.resolve(token(2)) == .unknown(.forgotten))
        #expect(try await node.resolve(token(1), settle: true) == .unknown(.forgotten))
    }

    /// Settling writes one entry where the log does not speak of the token, and none where it does.
    @Test func aSettlingIsFinal() async throws {
        let directory = try NodeDirectory()
        try await directory.write(Self.rows, committed: 8)
        try await running(try await directory.open()) { node in
            _ = try await node.barrier()
            #expect(try await node.resolve(Self.token(9), settle: true) == .never)
            #expect(try await node.resolve(Self.token(9)) == .never)
            #expect(try await node.resolve(Self.token(1), settle: true) == .committed(1...1))
            #expect(try await node.resolve(Self.token(9), settle: true) == .never)
            #expect(try await node.append([1]) == 10)
        }
    }

    @Test func whatIsNoTokenIsRefused() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            try await node.append([1])
            let strange = [
                Token(node: 2, boot: Boot(1), sequence: 1), Self.token(2, boot: 1),
                Self.token(1, boot: 2),
            ]
            for token in strange {
                await #expect(throws: ResolveError.noSuchToken) { try await node.resolve(token) }
                await #expect(throws: ResolveError.noSuchToken) {
                    try await node.resolve(token, settle: true)
                }
            }
            #expect(try await node.append([1]) == 2)
        }
        let node = try await directory.open()
        await node.shutdown()
        await #expect(throws: ResolveError.closed) { try await node.resolve(Self.token(1)) }
    }

    @Test func aTokenIsReadAsItIsWritten() {
        let token = Token(node: 3, boot: Boot(12), sequence: 250)
        #expect(Token(token.description) == token)
        for text in [
            "", "1", "1-2", "1-2-3-4", "0-1-1", "1-0-1", "1-1-0", "1-1-", "1--1", "01-1-1",
        ] {
            #expect(Token(text) == nil, "\(text)")
        }
        for text in ["+1-1-1", " 1-1-1", "1-1-18446744073709551616", "a-1-1"] {
            #expect(Token(text) == nil, "\(text)")
        }
    }
}
