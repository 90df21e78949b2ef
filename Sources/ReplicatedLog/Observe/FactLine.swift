internal import Logging
internal import PaxosCore

/// What the log says of a fact.
struct FactLine {
    /// Facts of one topic have at most one line a second.
    enum Topic: Int, CaseIterable {
        case leader, quorum, campaign, behind, room, disk, refused, refusedBy, disagreement, trim
    }

    /// `nil` for what is seldom enough to be written at once.
    let topic: Topic?
    let level: Logger.Level
    let message: Logger.Message

    init(_ topic: Topic?, _ level: Logger.Level, _ message: Logger.Message) {
        self.topic = topic
        self.level = level
        self.message = message
    }
}

extension NodeFact {
    /// Nothing is above `info` while all is well; `notice` is for a turn of things, `warning` for what may need
    /// somebody, `error` for what does. `nil` for what is said otherwise: of its end a node has a line of its own.
    var line: FactLine? {
        switch self {
        case .campaigned: FactLine(.campaign, .debug, "asks to lead")
        case .becameLeader: FactLine(.leader, .info, "leads")
        case .lostLeadership: FactLine(.leader, .notice, "leads no more")
        case .foundLeader: FactLine(.leader, .info, "follows a leader")
        case .lostLeader: FactLine(.leader, .notice, "lost the leader")
        case .lostQuorum: FactLine(.quorum, .notice, "no quorum answers")
        case .foundQuorum: FactLine(.quorum, .info, "a quorum answers again")
        case .metPeer: FactLine(nil, .info, "met a peer")
        case .refusedPeer: FactLine(.refused, .warning, "refused a peer")
        case .refusedByPeer: FactLine(.refusedBy, .error, "refused by a peer")
        case .disagrees:
            FactLine(
                .disagreement,
                .error,
                "a node was made with other members or limits: neither counts the other"
            )
        case .rolledBack:
            FactLine(
                nil,
                .error,
                "this directory is an old copy: it can be read, and takes no part any more"
            )
        case .fellBehind: FactLine(.behind, .info, "fetches what it lacks")
        case .caughtUp: FactLine(.behind, .info, "caught up")
        case .behindTrim:
            FactLine(
                .behind,
                .notice,
                "what it lacks is trimmed at every member that answers: it asks for a base"
            )
        case .tookBase:
            FactLine(.behind, .warning, "was far behind: took a base for what others have trimmed")
        case .trimmed: FactLine(.trim, .info, "trimmed the log")
        case .diverged:
            FactLine(
                nil,
                .error,
                "the state machines of members differ: the one that is wrong is to be replaced"
            )
        case .full: FactLine(.room, .warning, "full: appends are refused, reads go on")
        case .notFull: FactLine(.room, .notice, "no longer full")
        case .diskOverdue: FactLine(.disk, .warning, "a write is overdue: is the disk stuck?")
        case .diskInTime: FactLine(.disk, .notice, "writes are in time again")
        case .storeFailed: nil
        }
    }
}
