internal import Logging
internal import PaxosCore

/// What a person wants to find in the log of a node, one line each: who leads, who is missing, who is
/// refused, that the disk is full.
///
/// Told from two accounts of the core, the present one and what was told, by the driver's thread alone. Of
/// one kind there is at most one line a second. What has changed meanwhile is told when the second is over,
/// so that the last line of a kind is how things are, with the number of changes that it leaves out.
/// Nothing is above `info` while all is well; `notice` is for a turn of things, `warning` for what may need
/// somebody, `error` for what does.
struct StatusLines {
    private enum Kind: Int, CaseIterable {
        case leader, leaderless, peer, full, refused, disagreement
    }

    private struct Account {
        var leader: NodeID?
        var isFull = false
        var refusedBy: NodeID?
        var refusals = 0
        var disagreements: [Disagreement] = []
        var rolledBack: RolledBack?
    }

    private struct Pause {
        /// When the next line of the kind may be written.
        var until = Tick.zero
        /// What has changed since the last one.
        var changes = 0
    }

    private let node: NodeID
    private let isSilent: Bool
    private let log: (Logger.Level, Logger.Message, Logger.Metadata) -> Void
    private let electionTicks: UInt64
    /// What the last step came to, and what the log says.
    private var seen = Account()
    private var told = Account()
    /// Since when there has been no leader, and whether that was said.
    private var leaderless: (since: Tick, isTold: Bool)?
    private var pauses = Array(repeating: Pause(), count: Kind.allCases.count)
    /// When something that waits may be told.
    private(set) var due = Tick.never

    /// Lines of one kind are this far apart.
    private static let apart: UInt64 = 100
    /// Without a leader for so many election timeouts somebody may have to look.
    private static let patience: UInt64 = 10

    /// - Parameter log: Takes each line, at once.
    init(
        node: NodeID,
        limits: Limits,
        isSilent: Bool = false,
        log: @escaping (Logger.Level, Logger.Message, Logger.Metadata) -> Void
    ) {
        self.node = node
        self.isSilent = isSilent
        self.log = log
        electionTicks = limits.electionTicks
    }

    /// Looks at the core's account after a step, or when something is due.
    mutating func note(_ status: CoreStatus, now: Tick) {
        guard !isSilent else { return }
        due = .never
        see(status)
        if status.leader != told.leader { tellLeader(status, now: now) }
        missLeader(status, now: now)
        if let found = status.rolledBack, found != told.rolledBack { tellRolledBack(found) }
        if status.isFull != told.isFull { tellRoom(status, now: now) }
        if status.refusedBy != told.refusedBy { tellRefusal(status, now: now) }
        tellDisagreements(status, now: now)
        if status.counters.refused > told.refusals { tellRefused(status, now: now) }
    }

    private mutating func see(_ status: CoreStatus) {
        let changed: [(kind: Kind, hasChanged: Bool)] = [
            (.leader, status.leader != seen.leader), (.full, status.isFull != seen.isFull),
            (.refused, status.refusedBy != seen.refusedBy && status.refusedBy != nil),
            (.peer, status.counters.refused > seen.refusals),
        ]
        for (kind, hasChanged) in changed where hasChanged { pauses[kind.rawValue].changes += 1 }
        seen.leader = status.leader
        seen.isFull = status.isFull
        seen.refusedBy = status.refusedBy
        seen.refusals = status.counters.refused
    }

    private mutating func tellLeader(_ status: CoreStatus, now: Tick) {
        let isTold =
            if let leader = status.leader {
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
            } else {
                write(
                    .leader,
                    .notice,
                    "lost the leader",
                    ["leader": "\(told.leader?.rawValue ?? 0)"],
                    now: now
                )
            }
        if isTold { told.leader = status.leader }
    }

    private mutating func missLeader(_ status: CoreStatus, now: Tick) {
        guard status.leader == nil else {
            leaderless = nil
            return
        }
        guard let missing = leaderless else {
            leaderless = (now, false)
            return
        }
        guard !missing.isTold,
            now >= missing.since.advanced(by: Self.patience * electionTicks)
        else { return }
        let isTold = write(
            .leaderless,
            .warning,
            "no leader: is a quorum of the members up and in reach?",
            now: now
        )
        leaderless?.isTold = isTold
    }

    /// Once for a process, and at once: nothing follows.
    private mutating func tellRolledBack(_ found: RolledBack) {
        told.rolledBack = found
        log(
            .error,
            "this directory is an old copy: it can be read, and takes no part any more",
            ["node": "\(node.rawValue)", "peer": "\(found.witness)", "cause": "\(found)"]
        )
    }

    private mutating func tellRoom(_ status: CoreStatus, now: Tick) {
        let isTold =
            status.isFull
            ? write(.full, .warning, "full: appends are refused, reads go on", now: now)
            : write(.full, .notice, "no longer full", now: now)
        if isTold { told.isFull = status.isFull }
    }

    private mutating func tellRefusal(_ status: CoreStatus, now: Tick) {
        guard let peer = status.refusedBy else {
            // Not heard lately, which is all there is to say.
            told.refusedBy = nil
            return
        }
        let isTold = write(
            .refused,
            .error,
            "refused by a peer",
            ["peer": "\(peer.rawValue)", "reason": "\(status.refusal?.rawValue ?? "")"],
            now: now
        )
        if isTold { told.refusedBy = peer }
    }

    private mutating func tellRefused(_ status: CoreStatus, now: Tick) {
        let count = status.counters.refused
        var metadata: Logger.Metadata = ["refused_messages": "\(count)"]
        if let peer = status.refusedPeer {
            metadata["peer"] = "\(peer.node.rawValue)"
            metadata["reason"] = "\(peer.reason)"
        }
        let isTold = write(.peer, .warning, "refused a peer", metadata, now: now)
        if isTold { told.refusals = count }
    }

    /// Each difference is told once, one a second, however many there are: one that is not mended stays.
    private mutating func tellDisagreements(_ status: CoreStatus, now: Tick) {
        told.disagreements.removeAll { !status.disagreements.contains($0) }
        for disagreement in status.disagreements where !told.disagreements.contains(disagreement) {
            let isTold = write(
                .disagreement,
                .error,
                "a node was made with other members or limits: neither counts the other",
                ["peer": "\(disagreement.node)", "differs": "\(disagreement)"],
                now: now
            )
            guard isTold else { return }
            told.disagreements.append(disagreement)
        }
    }

    /// False if it is too early, and to be tried again when it is due.
    private mutating func write(
        _ kind: Kind,
        _ level: Logger.Level,
        _ message: Logger.Message,
        _ metadata: Logger.Metadata = [:],
        now: Tick
    ) -> Bool {
        let pause = pauses[kind.rawValue]
        guard now >= pause.until else {
            due = min(due, pause.until)
            return false
        }
        var metadata = metadata
        metadata["node"] = "\(node.rawValue)"
        if pause.changes > 1 { metadata["left_out"] = "\(pause.changes - 1)" }
        pauses[kind.rawValue] = Pause(until: now.advanced(by: Self.apart))
        log(level, message, metadata)
        return true
    }
}
