/// What the surroundings may ask of a core between its steps.
extension NodeCore {
    /// Why no append is taken, if it is in vain to wait: the node ends, or nobody can have one accepted for want
    /// of room, and none has left the inbox.
    var refusal: Refusal? { lifetime.refusal ?? (replica.hasNoRoom ? .full : nil) }

    /// How much of the inbox is taken as things stand.
    package var appetite: Appetite {
        refusal == nil ? proposals.appetite(callers, replica) : .none
    }

    /// The tick at which the core wants to be stepped though nothing arrives.
    package var nextDeadline: Tick {
        guard lifetime.isOpen else {
            guard let by = lifetime.sealsBy, replica.acceptor.isFull else {
                return callers.nextDeadline
            }
            // The last write may have been made late; it has a tick at least.
            return min(max(by, now.advanced(by: 1)), callers.nextDeadline)
        }
        var deadline = min(callers.nextDeadline, meeting.shownUntil(after: now))
        // An old copy of a directory waits for nothing.
        if lifetime.rolledBack == nil {
            deadline = min(deadline, meeting.nextDeadline)
            // Before all have met both ways the replica's clock stands still.
            if meeting.isEstablished { deadline = min(deadline, replica.nextDeadline) }
            deadline = min(deadline, nextOwnWrite)
        }
        return min(deadline, lifetime.closesBy ?? .never)
    }

    /// Appends are proposed here.
    package var leads: Bool { replica.leader != nil }

    /// Slots are proposed here and not chosen yet, and nothing but time stands in their way.
    package var isAwaited: Bool {
        !replica.hasNoRoom && replica.leader.map { $0.slotsInFlight > 0 } == true
    }

    /// The store has a write of this node.
    package var isWriting: Bool { replica.oldestWrite != nil }

    /// Who this process of the node is.
    package var identity: NodeIdentity { meeting.identity }

    /// What this node was made with.
    package var terms: Terms { meeting.admission.terms }

    /// True once every member is durably known to hold this node.
    package var hasMet: Bool { meeting.isEstablished }

    /// True if exactly this process of its node is durably held, as what it says presupposes.
    package func holds(_ sender: NodeIdentity) -> Bool {
        hasMet && meeting.admission.holds(sender.node) == sender.presence
    }

    /// What this node's peers have met and its directory does not hold: it is read, and nothing else.
    package var rolledBack: RolledBack? { lifetime.rolledBack }

    /// The ballot under which this node leads, or hears another lead.
    package var leading: Ballot? { replica.leading }

    /// The slots that others are known to have committed and this node lacks.
    package var missing: ClosedRange<Slot>? { replica.learner.missing }

    /// Every slot up to here is delivered.
    package var delivered: Slot { delivering.delivered }

    /// The core's own account of itself.
    package var status: CoreStatus {
        CoreStatus.of(
            replica,
            meeting,
            lifetime,
            delivered: delivering.delivered,
            counters: meeting.counters + proposals.counters + counters,
            cursors: cursors.held
        )
    }
}
