import PaxosCore

/// Other decisions than those of Paxos.
extension Mutant {
    var rules: Rules {
        var rules = Rules.paxos
        let always = BallotRule(below: true, equal: true, above: true)
        switch self {
        case .acceptBelowPromise:
            rules.acceptance.accepts = always
        case .ignoreHighestAccepted:
            rules.recovery.outranks = BallotRule(below: true, equal: false, above: false)
        case .noopOverAccepted:
            rules.recovery.whereAccepted = .noop
        case .commitOverStaleRow:
            rules.learning.passes = always
        case .olderNoticeBelieved:
            rules.learning.passes = BallotRule(below: false, equal: true, above: true)
        case .duplicateTakesTwoSlots:
            rules.delivery.repeated = true
        case .tornBatchDelivered:
            rules.delivery.torn = true
        case .conditionIgnored:
            rules.proposing.keepsConditions = false
        case .bootAloneProves:
            rules.succession.asksForProof = false
            rules.succession.latches = false
        case .historyNotChecked:
            rules.succession.comparesHistory = false
            rules.succession.latches = false
        case .tagsNotChecked:
            rules.succession.checksTags = false
        case .trimmedUnconfirmed:
            rules.trimming.awaitsEveryMember = false
        case .baseBeforeSnapshot:
            rules.installing.awaitsSnapshot = false
        case .transfersEarly:
            rules.transferring.awaitsTarget = false
        default:
            break
        }
        return rules
    }

    /// Which members choose. One less than a majority chooses in phase 2; phase 1 takes one more, since no
    /// membership is made whose quorums miss each other.
    func alter(_ membership: Membership) -> Membership {
        let count = membership.members.count
        guard self == .quorumMinusOne, count > 1 else { return membership }
        let rule = QuorumRule.sized(phase1: count / 2 + 2, phase2: count / 2)
        return (try? Membership(membership.members, quorum: rule)) ?? membership
    }
}
