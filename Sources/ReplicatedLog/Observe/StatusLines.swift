internal import Logging
internal import PaxosCore

/// What a person wants to find in the log of a node, one line each: who leads, who is missing, who is
/// refused, that the disk is full.
///
/// Told from two accounts of the core that follow each other, by the driver's thread alone. Of one kind
/// there is at most one line a second; what was left out is counted in the next. Nothing is above
/// `info` while all is well; `notice` is for a turn of things, `warning` for what may need somebody,
/// `error` for what does.
struct StatusLines {
    private enum Kind: Int, CaseIterable {
        case leader, leaderless, peer, full, refused
    }

    private struct Account {
        var leader: NodeID?
        var isFull = false
        var refusedBy: NodeID?
        var refusals = 0
        var disagreements: [Disagreement] = []
    }

    private let logger: Logger
    private let node: NodeID
    private let isSilent: Bool
    private let electionTicks: UInt64
    private var last = Account()
    /// Since when there has been no leader, and whether that was said.
    private var leaderless: (since: Tick, isTold: Bool)?
    /// By kind: when the next line may be written, and how many were not.
    private var quiet = Array(repeating: (until: Tick.zero, left: 0), count: Kind.allCases.count)

    /// Lines of one kind are this far apart.
    private static let apart: UInt64 = 100
    /// Without a leader for so many election timeouts somebody may have to look.
    private static let patience: UInt64 = 10

    init(logger: Logger, node: NodeID, limits: Limits) {
        self.logger = logger
        self.node = node
        isSilent = logger.handler is SwiftLogNoOpLogHandler
        electionTicks = limits.electionTicks
    }

    /// Looks at the core's account after a step.
    mutating func note(_ status: CoreStatus, now: Tick) {
        guard !isSilent else { return }
        if status.leader != last.leader { leaderChanged(status, now: now) }
        if status.leader == nil { missLeader(now: now) }
        if status.isFull != last.isFull {
            last.isFull = status.isFull
            if status.isFull {
                write(.full, .warning, "full: appends are refused, reads go on", now: now)
            } else {
                write(.full, .notice, "no longer full", now: now)
            }
        }
        if status.refusedBy != last.refusedBy {
            last.refusedBy = status.refusedBy
            if let peer = status.refusedBy {
                write(
                    .refused,
                    .error,
                    "refused by a peer",
                    ["peer": "\(peer.rawValue)", "reason": "\(status.refusal?.rawValue ?? "")"],
                    now: now
                )
            }
        }
        if status.disagreements != last.disagreements { disagree(status.disagreements) }
        if status.counters.refused > last.refusals {
            last.refusals = status.counters.refused
            var metadata: Logger.Metadata = ["refused_messages": "\(last.refusals)"]
            if let peer = status.refusedPeer {
                metadata["peer"] = "\(peer.node.rawValue)"
                metadata["reason"] = "\(peer.reason)"
            }
            write(.peer, .warning, "refused a peer", metadata, now: now)
        }
    }

    /// Each difference is told once, however many there are: one that is not mended stays.
    private mutating func disagree(_ disagreements: [Disagreement]) {
        for disagreement in disagreements where !last.disagreements.contains(disagreement) {
            logger.error(
                "a node was made with other members or limits: neither counts the other",
                metadata: [
                    "node": "\(node.rawValue)", "peer": "\(disagreement.node)",
                    "differs": "\(disagreement)",
                ]
            )
        }
        last.disagreements = disagreements
    }

    private mutating func leaderChanged(_ status: CoreStatus, now: Tick) {
        let before = last.leader
        last.leader = status.leader
        if let leader = status.leader {
            leaderless = nil
            write(
                .leader,
                .info,
                leader == node ? "leads" : "follows a leader",
                [
                    "leader": "\(leader.rawValue)", "promised": "\(status.promised)",
                    "committed_slot": "\(status.committed)",
                ],
                now: now
            )
        } else if let before {
            write(.leader, .notice, "lost the leader", ["leader": "\(before.rawValue)"], now: now)
        }
    }

    private mutating func missLeader(now: Tick) {
        guard let missing = leaderless else {
            leaderless = (now, false)
            return
        }
        guard !missing.isTold,
            now >= missing.since.advanced(by: Self.patience * electionTicks)
        else { return }
        leaderless?.isTold = true
        write(
            .leaderless,
            .warning,
            "no leader: is a quorum of the members up and in reach?",
            now: now
        )
    }

    private mutating func write(
        _ kind: Kind,
        _ level: Logger.Level,
        _ message: Logger.Message,
        _ metadata: Logger.Metadata = [:],
        now: Tick
    ) {
        guard now >= quiet[kind.rawValue].until else {
            quiet[kind.rawValue].left += 1
            return
        }
        var metadata = metadata
        metadata["node"] = "\(node.rawValue)"
        let left = quiet[kind.rawValue].left
        if left > 0 { metadata["left_out"] = "\(left)" }
        quiet[kind.rawValue] = (now.advanced(by: Self.apart), 0)
        logger.log(level: level, message, metadata: metadata)
    }
}
