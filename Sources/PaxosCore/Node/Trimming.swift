/// Forgetting a prefix of the log, at this node alone: each trims its own, as far as it is asked to or its policy says,
/// and never what a member may still ask for.
///
/// The trim point never passes the slot up to which every member has durably committed (`Floor`), nor this node's own
/// checkpoint: what a restart replays is kept. Nor, unless told, what no snapshot holds from which the log is
/// to lead on, whenever that is begun (`R42`), nor what follows a snapshot that a member is being given (`R45`). Rows go with writes that are made anyway, a bounded number in
/// each, and else in larger chunks of their own, one after the other. What the policy has go waits until it is much:
/// a transaction takes pages at both ends of the log.
struct Trimming: Sendable {
    /// Rows that go with any write, beside twice those that have come since the last.
    private static let rider = 512
    /// Rows that the policy has go with one write, at least, or bytes of them.
    private static let least = 1_024
    private static let leastBytes = 1 << 20
    /// In ticks: nothing else was written for so long where rows go with a write of their own that nobody waits for.
    private static let pause: UInt64 = 2
    /// Rows that go with a write of their own.
    private static let chunk = 4_096
    /// The most that go with one.
    private static let most = 10_000

    private struct Waiting {
        let through: Slot
        let request: TrimRequest
        /// What can be known to be on disk without a further append.
        let own: Slot
    }

    /// As far as it was asked for.
    private(set) var goal = Slot.zero
    private let policy: TrimPolicy
    /// Where the oldest snapshot ends: the goal may lie above, and waits there.
    private var keepsAbove = Slot.limit
    /// Where the newest does.
    private var snapshot: Slot?
    /// Where the slowest cursor stands for which something is kept; `limit` if there is none.
    var cursor = Slot.limit
    /// What the rows take on the disk; 0 while that is not known.
    private var bytes = 0
    /// When anything but a trim was written last.
    private var wroteAt: Tick?
    private var waiting: [Waiting] = []
    /// Rows accepted since the last trim.
    private var accepted = 0
    /// How far it was a fact that it is trimmed, and when that was told last.
    private var told: (through: Slot, at: Tick?)
    /// Since when this node has held all back by a watermark in its memory, with nothing being written.
    private var restingSince: Tick?
    /// In ticks: longer than after appends, when each member writes anyway.
    private static let rest: UInt64 = 200

    init(policy: TrimPolicy, bytes: Int, trimmed: Slot) {
        self.policy = policy
        told = (trimmed, nil)
        self.bytes = bytes
    }

    /// What the rows took when a flush returned.
    mutating func note(bytes found: Int?) {
        bytes = found ?? bytes
    }

    /// Takes calls, unless nobody is taken. The goal stays when they are answered: what is held back now goes
    /// later. But for what snapshots hold, and past them: that is of the call alone.
    mutating func take(
        _ arrivals: borrowing Arrivals,
        _ refusal: Refusal?,
        _ callers: inout Callers,
        _ replica: inout Replica,
        _ delivering: Delivering,
        _ output: inout Output
    ) {
        keepsAbove = arrivals.keepsAbove ?? keepsAbove
        snapshot = arrivals.snapshot ?? snapshot
        let requests = arrivals.trims
        if !requests.isEmpty { replica.acceptor.forgetTrimStuck() }
        for request in requests {
            callers.add(request.waiter, deadline: request.deadline)
            if let refusal {
                callers.end(request.waiter, refusal, output: &output)
                continue
            }
            let through = min(request.through, replica.learner.committed)
            if !request.pastSnapshots { goal = max(goal, min(through, keepsAbove)) }
            waiting.append(
                Waiting(
                    through: through,
                    request: request,
                    own: min(through, delivering.delivered)
                )
            )
        }
    }

    /// Answers those who wait for as much as is gone, once nothing more can go for now.
    mutating func answer(_ callers: inout Callers, _ replica: Replica, output: inout Output) {
        let trimmed = replica.acceptor.durablyTrimmed
        let isUnderway = trimmed < replica.acceptor.trimmed
        let isStuck = replica.acceptor.isTrimStuck
        if isStuck { goal = trimmed }
        // Just elected it knows of nobody's disk, and would name a member that lacks nothing.
        let isEarly = replica.awaitsFloor
        let (held, cursor) = (held(by: replica), cursor)
        waiting.removeAll { call in
            let limit = call.request.limit(snapshots: held, cursors: cursor)
            let own = min(call.own, limit)
            let reach = min(own, replica.floor.slot)
            let isDone =
                trimmed >= min(call.through, limit) || isStuck
                || (replica.floor.own >= own && trimmed >= reach && !isUnderway && !isEarly)
            guard isDone else { return !callers.isWaiting(call.request.waiter) }
            let hold =
                trimmed >= call.through ? nil : Self.hold(of: call, held, cursor, replica)
            callers.answer(call.request.waiter, trimmed: trimmed, hold, output: &output)
            return true
        }
        // By whomever: what a policy has go is nobody's call.
        tell(trimmed, at: replica.now, output: &output)
    }

    private mutating func tell(_ trimmed: Slot, at now: Tick, output: inout Output) {
        guard trimmed > told.through, told.at.map({ now >= $0.advanced(by: 100) }) ?? true else {
            return
        }
        told = (trimmed, now)
        output.facts.append(.trimmed(trimmed))
    }

    private static func hold(
        of call: Waiting,
        _ keepsAbove: Slot,
        _ cursor: Slot,
        _ replica: Replica
    ) -> TrimHold {
        let trimmed = replica.acceptor.durablyTrimmed
        if replica.acceptor.isTrimStuck { return .damage }
        if !call.request.pastSnapshots, trimmed >= keepsAbove { return .snapshot(keepsAbove) }
        if !call.request.pastCursors, trimmed >= cursor { return .cursor(cursor) }
        if call.own < call.through { return .delivery }
        guard let slowest = replica.floor.slowest else { return .members }
        return .member(slowest)
    }

    /// Adds to a write what may go with it, or makes one for it; and a checkpoint, where that was written last
    /// before what goes.
    mutating func add(
        to rows: inout WriteRows,
        _ replica: inout Replica,
        _ delivering: Delivering,
        _ writes: inout Writes
    ) {
        if holdsAllBack(rows, replica, delivering, writes) {
            writes.add(delivering.checkpoint, to: &rows)
        }
        if rows.needsFlush { wroteAt = replica.now }
        let asked = askedFor(replica)
        let kept = min(
            kept(replica),
            replica.floor.slot,
            replica.floor.own,
            delivering.delivered
        )
        guard max(asked, kept) > replica.acceptor.trimmed, !rows.isFinal else {
            accepted = 0
            return
        }
        accepted += rows.accepted.reduce(0) { $0 + $1.run.entries.count }
        let mayWrite = rows.needsFlush || asked > replica.acceptor.trimmed || isPaused(replica)
        let goal = mayWrite && isMuch(kept, replica) ? max(asked, kept) : asked
        guard goal > replica.acceptor.trimmed else { return }
        let may = min(goal, replica.floor.slot, replica.floor.own, delivering.delivered)
        let isUnderway = replica.acceptor.durablyTrimmed < replica.acceptor.trimmed
        guard may > replica.acceptor.trimmed, !isUnderway else {
            // The last watermark lies in memory only until something is written: nobody can trim up to it.
            if goal > replica.floor.own, !rows.needsFlush, writes.isIdle {
                writes.add(delivering.checkpoint, to: &rows)
            }
            return
        }
        // What is about to be written anyway, or nothing: a chunk would make the group of the next appends wait.
        // A full store holds its group until something goes, and makes one of both.
        let isFull = replica.acceptor.isFull
        guard rows.needsFlush || writes.isIdle || isFull else { return }
        let count = rows.needsFlush ? Self.rider + 2 * accepted : Self.chunk
        var through = min(may, replica.acceptor.trimmed.advanced(by: min(count, Self.most)))
        if through > writes.checkpoint {
            if writes.checkpoint > replica.acceptor.trimmed {
                through = writes.checkpoint
            } else {
                writes.add(delivering.checkpoint, to: &rows)
            }
        }
        rows.trimmed = through
        rows.trimmable = may
        replica.acceptor.trim(through: through, atMost: may)
        accepted = 0
    }

    /// As far as somebody wants it to go, whatever holds it back.
    func wanted(_ replica: Replica) -> Slot {
        let kept = policy.goal(
            committed: replica.learner.committed,
            trimmed: replica.acceptor.trimmed,
            snapshot: snapshot,
            bytes: bytes
        )
        return waiting.reduce(max(goal, kept)) { max($0, $1.through) }
    }

    /// Rows above this slot are kept for snapshots.
    func keptForSnapshots(_ replica: Replica) -> Slot { held(by: replica) }

    /// As far as callers have asked for, now or before.
    private func askedFor(_ replica: Replica) -> Slot {
        let held = held(by: replica)
        let past = waiting.reduce(Slot.zero) { past, call in
            let limit = call.request.limit(snapshots: held, cursors: cursor)
            return max(past, min(call.through, limit))
        }
        return max(min(goal, held, cursor), past)
    }

    /// Rows above are kept for snapshots: those that are here, and one that a member is being given.
    private func held(by replica: Replica) -> Slot { min(keepsAbove, replica.keepsAboveGiven) }

    /// As far as the policy has the log go.
    private func kept(_ replica: Replica) -> Slot {
        // A row that cannot be read stays until somebody asks again.
        guard !replica.acceptor.isTrimStuck else { return .zero }
        let goal = policy.goal(
            committed: replica.learner.committed,
            trimmed: replica.acceptor.trimmed,
            snapshot: snapshot,
            bytes: bytes
        )
        return min(
            goal,
            policy.isPastSnapshots ? replica.keepsAboveGiven : held(by: replica),
            cursor
        )
    }

    /// What nobody waits for goes if it is so many slots, or so many bytes by their mean; a full store needs all of it.
    private func isMuch(_ goal: Slot, _ replica: Replica) -> Bool {
        let count = goal.count(after: replica.acceptor.trimmed)
        guard count > 0, count < Self.least, !replica.acceptor.isFull else { return count > 0 }
        let rows = replica.learner.committed.count(after: replica.acceptor.trimmed)
        return count * (bytes / max(1, rows)) >= Self.leastBytes
    }

    /// Others have written nothing for a moment.
    private func isPaused(_ replica: Replica) -> Bool {
        replica.acceptor.isFull
            || wroteAt.map { replica.now >= $0.advanced(by: Self.pause) } ?? true
    }

    /// When something may go that waits for a pause.
    func nextDeadline(_ replica: Replica) -> Tick {
        guard policy.kept != .everything, let wroteAt, !replica.acceptor.isFull,
            isMuch(min(kept(replica), replica.floor.slot, replica.floor.own), replica)
        else { return .never }
        return max(wroteAt.advanced(by: Self.pause), replica.now.advanced(by: 1))
    }

    /// True if the floor is held back by nothing but what this node has not written down, for a while: behind a
    /// catch-up nothing else makes it.
    private mutating func holdsAllBack(
        _ rows: borrowing WriteRows,
        _ replica: Replica,
        _ delivering: Delivering,
        _ writes: Writes
    ) -> Bool {
        guard replica.floor.slowest == replica.node, delivering.delivered > replica.floor.own,
            writes.isIdle, !rows.needsFlush, !rows.isFinal
        else {
            restingSince = nil
            return false
        }
        let since = restingSince ?? replica.now
        restingSince = since
        return replica.now >= since.advanced(by: Self.rest)
    }
}
