/// A leader that hands over to a member of somebody's choice.
///
/// It goes on as before until that one keeps up with what it proposes. Then it takes nothing new, waits until all that it
/// has proposed is committed and the member has said, in answer to a heartbeat that began after that, that it has
/// committed it too; and says `Farewell`, which names the member. So the next leader finds nothing that it lacks, and
/// what waits in inboxes meanwhile waits no longer than one flush, two questions and an election without a timeout.
/// A member that does not come so far within an election timeout does not lead: this node goes on.
struct Transfer: Sendable {
    let target: NodeID
    /// Of the leadership that is to end.
    let ballot: Ballot
    /// When somebody wanted it last.
    var asked: Tick
    /// Since when nothing new is proposed for it.
    var heldSince: Tick?
    /// The first heartbeat that began when everything was committed, and when the last one left.
    var round: UInt64?
    var beaten = Tick.zero
    /// Not before then is it tried again.
    var rests = Tick.zero
}

/// How much a member is to lead, and what it tells of itself while it does.
package struct LeadershipPlace: Hashable, Sendable {
    package var priority = LeadershipPriority.normal
    /// At most `Heartbeat.mostAddressBytes`.
    package var address: [UInt8] = []

    package init(priority: LeadershipPriority = .normal, address: [UInt8] = []) {
        self.priority = priority
        self.address = address
    }
}

/// What becomes of a leadership at somebody's word.
struct Handing: Sendable {
    let place: LeadershipPlace
    var transfer: Transfer?
    /// What the leader that was heard last tells of itself.
    var heard: (ballot: Ballot, address: [UInt8]) = (.zero, [])
    /// Who was wanted last to lead more than this node, and until when that is tried; and when it looks again.
    var preferred: (member: NodeID, until: Tick)?
    var looksNext = Tick.zero
    /// Since when it is to end, and who could not take over then.
    var leavesSince: Tick?
    var tried = MemberSet()

    init(place: LeadershipPlace) {
        self.place = place
    }
}

extension Replica {
    /// What the leader of this ballot tells of itself.
    func address(of leading: Ballot?) -> [UInt8] {
        guard let leading else { return [] }
        if leading == leader?.ballot { return handing.place.address }
        return leading == handing.heard.ballot ? handing.heard.address : []
    }

    /// Nothing new is proposed any more, for somebody else is about to lead.
    var isHandingOver: Bool { handing.transfer?.heldSince != nil }

    /// Somebody wants a member to lead in the place of this node. While another one is wanted to, that goes on.
    mutating func transfer(to target: NodeID) {
        guard let leader, target != node, membership.contains(target) else { return }
        if let transfer = handing.transfer, transfer.ballot == leader.ballot, isWanted(transfer) {
            if transfer.target == target { handing.transfer?.asked = now }
            return
        }
        handing.transfer = Transfer(target: target, ballot: leader.ballot, asked: now)
    }

    private func isWanted(_ transfer: Transfer) -> Bool {
        now < transfer.asked.advanced(by: 2 * limits.electionTicks)
    }

    /// True if it hands over now.
    mutating func advanceTransfer(output: inout Output) -> Bool {
        guard let leader, var transfer = handing.transfer else { return false }
        guard transfer.ballot == leader.ballot, isWanted(transfer),
            let position = membership.position(of: transfer.target)
        else {
            handing.transfer = nil
            return false
        }
        defer { handing.transfer = handing.transfer == nil ? nil : transfer }
        guard rules.transferring.awaitsTarget else {
            handing.transfer = nil
            handOver(leader.ballot, to: transfer.target, .transferred, output: &output)
            return true
        }
        if let since = transfer.heldSince, now >= since.advanced(by: limits.electionTicks) {
            transfer.heldSince = nil
            transfer.rests = now.advanced(by: limits.electionTicks)
        }
        guard canFollow(position, leader), now >= transfer.rests, recovered.isEmpty else {
            transfer.heldSince = nil
            return false
        }
        if transfer.heldSince == nil {
            transfer.heldSince = now
            transfer.round = nil
        }
        guard leader.slotsInFlight == 0 else { return false }
        if let round = transfer.round, leader.round(of: position) >= round,
            peerCommitted[position] >= leader.next.previous
        {
            handing.transfer = nil
            handOver(leader.ballot, to: transfer.target, .transferred, output: &output)
            return true
        }
        // It may have been faster than the last Accept: it is asked again with each tick.
        if transfer.round == nil || now > transfer.beaten {
            let round = beat(output: &output)
            transfer.round = transfer.round ?? round
            transfer.beaten = now
        }
        return false
    }

    /// True of a member that is heard, has room, and has shown that it has, or is being sent, what is proposed last.
    private func canFollow(_ position: Int, _ leader: Leader) -> Bool {
        membership.members[position] != node && election.isConnected(position: position, at: now)
            && !isLogLaneDead(at: position) && leader.isInWindow(position: position)
            && leader.hasRoom(position: position, now: now)
    }

    /// Who is best able to lead in the place of this node: of those that are wanted most the one that has most.
    private func heir(
        _ leader: Leader,
        above rank: Int = -1,
        without tried: MemberSet = MemberSet()
    )
        -> NodeID?
    {
        let fit = membership.members.indices.filter {
            canFollow($0, leader) && leader.priority(of: $0).rank > rank
                && !tried.contains(position: $0)
        }
        func isLess(_ left: Int, _ right: Int) -> Bool {
            (leader.priority(of: left).rank, peerCommitted[left])
                < (leader.priority(of: right).rank, peerCommitted[right])
        }
        return fit.max(by: isLess).map { membership.members[$0] }
    }

    /// Has somebody lead who is wanted to more than this node, once that one has kept up for long enough that what
    /// comes next is not another election. It looks once an election timeout, and after a try less often.
    mutating func preferOthers() {
        if let preferred = handing.preferred, now < preferred.until,
            handing.transfer?.target == preferred.member
        {
            handing.transfer?.asked = now
        }
        guard let leader, handing.transfer == nil, now >= handing.looksNext,
            now >= leader.began.advanced(by: Self.established * limits.electionTicks)
        else { return }
        handing.looksNext = now.advanced(by: limits.electionTicks)
        guard let heir = heir(leader, above: handing.place.priority.rank) else { return }
        handing.looksNext = now.advanced(by: Self.established * limits.electionTicks)
        handing.preferred = (heir, now.advanced(by: 2 * limits.electionTicks))
        transfer(to: heir)
    }

    /// Hands over before an orderly end. False once there is nothing to hand over, nobody to hand over to, or no more
    /// time for it.
    mutating func handsOverBeforeEnd() -> Bool {
        guard let leader, !isAlone else { return false }
        let since = handing.leavesSince ?? now
        handing.leavesSince = since
        guard now < since.advanced(by: 2 * limits.electionTicks) else { return false }
        if let transfer = handing.transfer, transfer.ballot == leader.ballot,
            let position = membership.position(of: transfer.target)
        {
            if now >= transfer.rests, canFollow(position, leader) {
                handing.transfer?.asked = now
                return true
            }
            // It is not able to, or did not come so far in time: the next one is tried.
            handing.tried.insert(position: position)
            handing.transfer = nil
        }
        guard let heir = heir(leader, without: handing.tried) else { return false }
        transfer(to: heir)
        return true
    }
}
