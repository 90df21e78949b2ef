/// Those who wait for an append, a barrier, a trim or a cursor, and what each is told: all replies of a core come from here,
/// one to each caller.
///
/// An append comes here when it leaves the inbox, and has a token from then on. What of those is not decided is
/// kept, since it may have to be sent again.
struct Callers: Sendable {
    private let node: NodeID
    private let boot: Boot
    private var waiters = Waiters()
    private(set) var undecided = ProposedAppends()
    private var nextSequence: UInt64 = 1
    /// Somebody was told whose barrier is still on its way.
    private var hasEnded = false

    init(node: NodeID, boot: Boot) {
        self.node = node
        self.boot = boot
    }

    /// The earliest time at which somebody's time may run out.
    var nextDeadline: Tick { waiters.nextDeadline }

    func isWaiting(_ waiter: WaiterID) -> Bool { waiters.state(of: waiter) != .none }

    mutating func add(_ waiter: WaiterID, deadline: Tick) {
        waiters.add(waiter, deadline: deadline)
    }

    /// Takes an append that has left the inbox, and names it: from here on it may get into the log.
    mutating func take(_ append: AppendRequest) -> Token {
        defer { nextSequence += 1 }
        let state = Waiters.State.proposed(sequence: nextSequence)
        waiters.add(append.waiter, state, deadline: append.deadline)
        undecided.add(append, sequence: nextSequence)
        return token(nextSequence)
    }

    func token(_ sequence: UInt64) -> Token { Token(node: node, boot: boot, sequence: sequence) }

    /// Who waits for the append with this token; nobody, if it is another process's.
    func waiter(of token: Token) -> WaiterID? {
        guard token.node == node, token.boot == boot else { return nil }
        return undecided.waiter(of: token.sequence)
    }

    // MARK: - Replies

    /// Tells a caller that it waits in vain: of its append nothing is known.
    mutating func end(_ waiter: WaiterID, _ refusal: Refusal, output: inout Output) {
        switch waiters.remove(waiter) {
        case .none:
            return
        case .waiting:
            hasEnded = true
            output.replies.append(Reply(waiter: waiter, outcome: .never(refusal)))
        case .proposed(let sequence):
            _ = undecided.take(sequence)
            let outcome = Reply.Outcome.unknown(token(sequence), refusal)
            output.replies.append(Reply(waiter: waiter, outcome: outcome))
        }
    }

    /// Tells the caller of an append that is not named, and so proposed nowhere, that it never will be.
    func refuse(_ append: AppendRequest, _ refusal: Refusal, output: inout Output) {
        output.replies.append(Reply(waiter: append.waiter, outcome: .never(refusal)))
    }

    mutating func endAll(_ refusal: Refusal, output: inout Output) {
        for waiter in waiters.all { end(waiter, refusal, output: &output) }
    }

    mutating func endExpired(by now: Tick, output: inout Output) {
        for waiter in waiters.expired(by: now) { end(waiter, .timedOut, output: &output) }
    }

    /// Tells the callers of own appends in which slots these have effect.
    mutating func answerEffective(output: inout Output) {
        for run in output.effective where run.token.node == node && run.token.boot == boot {
            guard let waiter = undecided.take(run.token.sequence) else { continue }
            _ = waiters.remove(waiter)
            output.replies.append(
                Reply(waiter: waiter, outcome: .committed(first: run.first, count: run.count))
            )
        }
        output.effective.removeAll()
        guard !output.voided.isEmpty else { return }
        for token in output.voided { answerVoided(token, output: &output) }
        output.voided.removeAll()
    }

    /// Tells the caller of an own append that a void entry has used its token up: that stands before it in the log,
    /// so it never has effect.
    private mutating func answerVoided(_ token: Token, output: inout Output) {
        guard token.node == node, token.boot == boot, let waiter = undecided.take(token.sequence)
        else { return }
        _ = waiters.remove(waiter)
        output.replies.append(Reply(waiter: waiter, outcome: .never(.voided)))
    }

    /// Tells the callers of own appends that the one slot each asked for is decided here, and not theirs: they have
    /// effect in no other (`R94`). To be called once those that have their slot are answered. Of one that a later
    /// boot of this node has cut off, and a base stands for, it is not known.
    mutating func answerTaken(through delivered: Slot, _ state: LogState, output: inout Output) {
        for sequence in undecided.asking(through: delivered) {
            let isKnown = state.effect(of: token(sequence)) == .effective
            guard let waiter = undecided.waiter(of: sequence) else { continue }
            guard isKnown || state.fate(of: token(sequence)) == .never else {
                end(waiter, .passed, output: &output)
                continue
            }
            _ = undecided.take(sequence)
            _ = waiters.remove(waiter)
            output.replies.append(Reply(waiter: waiter, outcome: .never(.slotTaken)))
        }
    }

    /// Tells what became of a token.
    mutating func answer(_ waiter: WaiterID, fate: TokenFate, output: inout Output) {
        guard waiters.remove(waiter) != .none else { return }
        output.replies.append(Reply(waiter: waiter, outcome: .resolved(fate)))
    }

    /// False of a token of this node that it has not given to any append.
    func mayHaveNamed(_ token: Token) -> Bool {
        token.node != node || token.boot < boot
            || (token.boot == boot && token.sequence < nextSequence)
    }

    /// Tells the callers of own appends that have had their effect up to a base: not where, which it does not say.
    /// Of one that a later boot of this node has cut off, nothing is known.
    mutating func answerPassed(_ state: LogState, output: inout Output) {
        for append in undecided.all {
            let token = token(append.sequence)
            guard state.effect(of: token) == .repeated, let waiter = append.waiter else { continue }
            if state.fate(of: token) == .never {
                answerVoided(token, output: &output)
            } else {
                end(waiter, .passed, output: &output)
            }
        }
    }

    /// Tells a caller that the member that it wanted to lead does.
    mutating func answer(_ waiter: WaiterID, leader ballot: Ballot, output: inout Output) {
        guard waiters.remove(waiter) != .none else { return }
        output.replies.append(Reply(waiter: waiter, outcome: .leads(ballot)))
    }

    /// Tells the caller of a barrier that it is reached.
    mutating func answer(_ waiter: WaiterID, barrier slot: Slot, output: inout Output) {
        guard waiters.remove(waiter) != .none else { return }
        output.replies.append(Reply(waiter: waiter, outcome: .barrier(slot)))
    }

    /// Tells the caller of a trim how far the log is gone, and what keeps the rest.
    mutating func answer(
        _ waiter: WaiterID,
        trimmed slot: Slot,
        _ hold: TrimHold?,
        output: inout Output
    ) {
        guard waiters.remove(waiter) != .none else { return }
        output.replies.append(Reply(waiter: waiter, outcome: .trimmed(through: slot, hold)))
    }

    /// Tells the caller of a cursor where it stands on the disk; nil if that cannot be.
    mutating func answer(_ waiter: WaiterID, cursor slot: Slot?, output: inout Output) {
        guard waiters.remove(waiter) != .none else { return }
        output.replies.append(Reply(waiter: waiter, outcome: .cursor(slot)))
    }

    /// Whether anybody was told since this was asked last.
    mutating func takeEnded() -> Bool {
        defer { hasEnded = false }
        return hasEnded
    }
}
