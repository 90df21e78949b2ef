import Logging
import Testing

@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// What a person finds in the log when a leader is lost, a quorum missing, a peer refused, a disk full.
@Suite struct StatusLinesTests {
    private func status(_ change: (inout CoreStatus) -> Void) -> CoreStatus {
        var status = Quiet.idle
        change(&status)
        return status
    }

    @Test func leadersComeAndGo() {
        let lines = KeptLines()
        var log = lines.statusLines()
        log.note(status { $0.leader = 2 }, now: Tick(1))
        #expect(
            lines.take() == [
                "info follows a leader committed_slot=0 leader=2 node=1 promised=0.n0"
            ]
        )
        // Nothing new, nothing said.
        log.note(status { $0.leader = 2 }, now: Tick(200))
        #expect(lines.take() == [])
        log.note(status { _ in }, now: Tick(300))
        #expect(lines.take() == ["notice lost the leader leader=2 node=1"])
        // One a second, and how many were left out.
        log.note(status { $0.leader = 3 }, now: Tick(310))
        log.note(status { _ in }, now: Tick(320))
        #expect(lines.take() == [])
        log.note(status { $0.leader = 1 }, now: Tick(500))
        #expect(
            lines.take() == [
                "info leads committed_slot=0 leader=1 left_out=2 node=1 promised=0.n0"
            ]
        )
    }

    /// The log ended on "lost the leader", and there was one.
    @Test func theLastLineIsHowThingsAre() {
        let lines = KeptLines()
        var log = lines.statusLines()
        log.note(status { $0.leader = 2 }, now: Tick(1))
        #expect(lines.take().count == 1)
        log.note(status { _ in }, now: Tick(200))
        #expect(lines.take() == ["notice lost the leader leader=2 node=1"])
        #expect(log.due == .never)
        log.note(status { $0.leader = 3 }, now: Tick(210))
        log.note(status { $0.leader = 3 }, now: Tick(299))
        #expect(lines.take() == [])
        #expect(log.due == Tick(300))
        log.note(status { $0.leader = 3 }, now: log.due)
        #expect(
            lines.take() == [
                "info follows a leader committed_slot=0 leader=3 node=1 promised=0.n0"
            ]
        )
        #expect(log.due == .never)
        // What has come back to what was told needs no line.
        log.note(status { _ in }, now: Tick(310))
        log.note(status { $0.leader = 3 }, now: Tick(320))
        #expect(log.due == .never)
        log.note(status { $0.leader = 3 }, now: Tick(500))
        #expect(lines.take() == [])
    }

    @Test func disagreementsAreToldOneASecond() {
        let lines = KeptLines()
        var log = lines.statusLines()
        let difference = AgreementDifference(field: "members", here: "1,2", there: "1,3")
        let all = status { status in
            status.leader = 1
            status.disagreements = [4, 5, 6].map {
                Disagreement(node: $0, differences: [difference])
            }
        }
        log.note(all, now: Tick(1))
        let first = lines.take().filter { $0.contains("neither counts the other") }
        #expect(first.count == 1 && first[0].hasSuffix("peer=\(NodeID(4))"))
        var times: [Tick] = []
        while log.due != .never {
            times.append(log.due)
            log.note(all, now: log.due)
            #expect(lines.take().count == 1)
        }
        #expect(times == [Tick(101), Tick(201)])
        log.note(all, now: Tick(900))
        #expect(lines.take() == [])
    }

    @Test func aMissingQuorumIsToldOnceAnEpisode() {
        let lines = KeptLines()
        let limits = Limits()
        let patience = 10 * limits.electionTicks
        var log = lines.statusLines(limits)
        for tick in 0...3 * patience { log.note(status { _ in }, now: Tick(tick)) }
        #expect(
            lines.take() == [
                "warning no leader: is a quorum of the members up and in reach? node=1"
            ]
        )
        log.note(status { $0.leader = 2 }, now: Tick(4 * patience))
        #expect(lines.take().count == 1)
        for tick in 5 * patience...7 * patience { log.note(status { _ in }, now: Tick(tick)) }
        #expect(lines.take().count == 2)
    }

    @Test func fullDisksAndRefusals() {
        let lines = KeptLines()
        var log = lines.statusLines()
        // What a leader's absence comes to is another test's.
        func status(_ change: (inout CoreStatus) -> Void) -> CoreStatus {
            self.status { status in
                status.leader = 2
                change(&status)
            }
        }
        log.note(status { _ in }, now: Tick(0))
        #expect(lines.take().count == 1)
        log.note(status { $0.isFull = true }, now: Tick(1))
        #expect(lines.take() == ["warning full: appends are refused, reads go on node=1"])
        log.note(status { _ in }, now: Tick(500))
        #expect(lines.take() == ["notice no longer full node=1"])
        log.note(
            status {
                $0.refusedBy = 3
                $0.refusal = .otherIncarnation
            },
            now: Tick(501)
        )
        #expect(lines.take() == ["error refused by a peer node=1 peer=3 reason=otherIncarnation"])
        log.note(
            status {
                $0.counters.refused = 7
                $0.refusedPeer = RefusedPeer(node: 2, reason: "twin")
            },
            now: Tick(502)
        )
        #expect(
            lines.take() == [
                "warning refused a peer node=1 peer=2 reason=twin refused_messages=7"
            ]
        )
    }

    @Test func withoutALoggerNothingIsKept() {
        let silent = LogQueue(Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let isSilent = silent.isSilent
        var log = StatusLines(node: 1, limits: Limits(), isSilent: isSilent) { _, message, _ in
            Issue.record("\(message)")
        }
        log.note(status { $0.leader = 2 }, now: Tick(1))
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
    fileprivate func statusLines(_ limits: Limits = Limits()) -> StatusLines {
        let logger = logger
        return StatusLines(node: 1, limits: limits) { level, message, metadata in
            logger.log(level: level, message, metadata: metadata)
        }
    }
}
