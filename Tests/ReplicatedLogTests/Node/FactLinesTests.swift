import Logging
import TestSupport
import Testing

@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// What a person finds in the log when a leader is lost, a quorum missing, a peer refused, a disk full.
@Suite(.shared) struct FactLinesTests {
    private static func led(by node: NodeID, round: UInt64 = 1) -> NodeFact {
        let ballot = Ballot(round: round, node: node)
        return node == 1 ? .becameLeader(ballot) : .foundLeader(ballot)
    }

    @Test func leadersComeAndGo() {
        let lines = KeptLines()
        var log = lines.factLines()
        log.note([Self.led(by: 2)], now: Tick(1))
        #expect(lines.take() == ["info follows a leader ballot=1.n2 leader=2"])
        // Nothing new, nothing said.
        log.note([], now: Tick(200))
        #expect(lines.take() == [])
        log.note([.lostLeader(2)], now: Tick(300))
        #expect(lines.take() == ["notice lost the leader leader=2"])
        // One a second, and how many were left out.
        log.note([Self.led(by: 3)], now: Tick(310))
        log.note([.lostLeader(3)], now: Tick(320))
        #expect(lines.take() == [])
        log.note([Self.led(by: 1)], now: Tick(500))
        #expect(lines.take() == ["info leads ballot=1.n1 leader=1 left_out=2"])
        log.note([.lostLeadership(Ballot(round: 1, node: 1), .lostQuorum)], now: Tick(700))
        #expect(lines.take() == ["notice leads no more ballot=1.n1 reason=lost-quorum"])
    }

    /// The log ended on "lost the leader", and there was one.
    @Test func theLastLineIsHowThingsAre() {
        let lines = KeptLines()
        var log = lines.factLines()
        log.note([Self.led(by: 2)], now: Tick(1))
        #expect(lines.take().count == 1)
        log.note([.lostLeader(2)], now: Tick(200))
        #expect(lines.take() == ["notice lost the leader leader=2"])
        #expect(log.due == .never)
        log.note([Self.led(by: 3)], now: Tick(210))
        log.note([], now: Tick(299))
        #expect(lines.take() == [])
        #expect(log.due == Tick(300))
        log.note([], now: log.due)
        #expect(lines.take() == ["info follows a leader ballot=1.n3 leader=3"])
        #expect(log.due == .never)
        // What has come back to what was told needs no line.
        log.note([.lostLeader(3)], now: Tick(310))
        #expect(log.due == Tick(400))
        log.note([Self.led(by: 3, round: 2)], now: Tick(320))
        #expect(log.due == .never)
        log.note([], now: Tick(500))
        #expect(lines.take() == [])
    }

    @Test func disagreementsAreToldOneASecond() {
        let lines = KeptLines()
        var log = lines.factLines()
        let difference = AgreementDifference(field: "members", here: "1,2", there: "1,3")
        let all = ([4, 5, 6] as [NodeID]).map { node in
            NodeFact.disagrees(Disagreement(node: node, differences: [difference]))
        }
        log.note([Self.led(by: 2)] + all, now: Tick(1))
        let first = lines.take().filter { $0.contains("neither counts the other") }
        #expect(first.count == 1 && first[0].hasSuffix("peer=4"))
        var times: [Tick] = []
        while log.due != .never {
            times.append(log.due)
            log.note([], now: log.due)
            #expect(lines.take().count == 1)
        }
        #expect(times == [Tick(101), Tick(201)])
        log.note([], now: Tick(900))
        #expect(lines.take() == [])
    }

    @Test func aMissingQuorumIsToldOnceAnEpisode() {
        let lines = KeptLines()
        let limits = Limits()
        let patience = 10 * limits.electionTicks
        var log = lines.factLines(limits)
        for tick in 0...3 * patience { log.note([], now: Tick(tick)) }
        #expect(
            lines.take() == [
                "warning no leader: is a quorum of the members up and in reach?"
            ]
        )
        log.note([Self.led(by: 2)], now: Tick(4 * patience))
        #expect(lines.take().count == 1)
        log.note([.lostLeader(2)], now: Tick(5 * patience))
        for tick in 5 * patience...7 * patience { log.note([], now: Tick(tick)) }
        #expect(lines.take().count == 2)
    }

    @Test func fullDisksAndRefusals() {
        let lines = KeptLines()
        var log = lines.factLines()
        log.note([Self.led(by: 2)], now: Tick(0))
        #expect(lines.take().count == 1)
        log.note([.full], now: Tick(1))
        #expect(lines.take() == ["warning full: appends are refused, reads go on"])
        log.note([.notFull], now: Tick(500))
        #expect(lines.take() == ["notice no longer full"])
        log.note([.refusedByPeer(3, reason: .otherIncarnation)], now: Tick(501))
        #expect(lines.take() == ["error refused by a peer peer=3 reason=otherIncarnation"])
        let twin = NodeFact.refusedPeer(RefusedPeer(node: 2, reason: .twin))
        log.note([twin], now: Tick(502))
        #expect(lines.take() == ["warning refused a peer peer=2 reason=twin"])
        // Of another episode, though it is the same.
        log.note([twin], now: Tick(503))
        #expect(lines.take() == [] && log.due == Tick(602))
        log.note([], now: Tick(602))
        #expect(lines.take() == ["warning refused a peer peer=2 reason=twin"])
    }

    /// In normal running nothing needs anybody: a cluster comes up, and a member that was away catches up.
    @Test func nothingIsAboveInfoWhileAllIsWell() {
        let lines = KeptLines()
        var log = lines.factLines()
        log.note([.metPeer(2, Boot(1)), .metPeer(3, Boot(1))], now: Tick(1))
        log.note([Self.led(by: 2), .fellBehind(1...9)], now: Tick(2))
        log.note([.caughtUp(9)], now: Tick(400))
        let all = lines.take()
        #expect(all.count == 5 && all.allSatisfy { $0.hasPrefix("info ") })
    }

    @Test func withoutALoggerNothingIsKept() {
        let silent = LogQueue(Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let isSilent = silent.isSilent
        var log = FactLines(node: 1, limits: Limits(), isSilent: isSilent) { _, message, _ in
            Issue.record("\(message)")
        }
        log.note([Self.led(by: 2)], now: Tick(1))
    }

    /// docs/OPERATIONS.md has a row for every line that a fact is written as, with its level.
    @Test func theTableHasEveryLine() throws {
        let table = try Documents.operations()
        for fact in NodeFact.examples {
            guard let line = fact.line else { continue }
            // The long ones are shortened there.
            let parts = "\(line.message)".split(separator: ":")
            let text = parts.count > 1 ? "\(parts[0]): …" : "\(parts[0])"
            let row = table.first { $0.contains("`\(text)`") }
            #expect(row?.contains("`\(line.level)`") == true, "\(fact.name)")
        }
    }

    /// A node of its own tells that it leads.
    @Test func aNodeTells() async throws {
        let directory = try NodeDirectory()
        try await directory.create()
        let lines = KeptLines()
        try await running(try await directory.open(logger: lines.logger)) { node in
            let slot = try await node.append([1])
            #expect(slot == 1)
        }
        try await eventually("it is told") {
            lines.all.contains { $0.level == .info && $0.text.hasPrefix("leads ") }
        }
        #expect(lines.all.allSatisfy { $0.text.contains(" rlog_node=1") })
    }
}

enum Quiet {
    /// The account of a core to which nothing has happened.
    static let idle = CoreStatus(
        role: .follower,
        ballot: nil,
        promised: .zero,
        leader: nil,
        committed: .zero,
        delivered: .zero,
        last: .zero,
        trimmed: .zero,
        slotsInFlight: 0,
        isFull: false,
        failure: nil,
        refusedBy: nil,
        refusal: nil,
        refusedPeer: nil,
        peerCommitted: [],
        disagreements: [],
        counters: MessageCounters()
    )
}

extension KeptLines {
    /// What tells these of node 1.
    fileprivate func factLines(_ limits: Limits = Limits()) -> FactLines {
        let logger = logger
        return FactLines(node: 1, limits: limits) { level, message, metadata in
            logger.log(level: level, message, metadata: metadata)
        }
    }
}
