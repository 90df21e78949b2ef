/// Void entries: they use a token up, so that nothing has effect under it afterwards. Whoever asks for one asks again
/// until the token is decided in its log, so nothing is kept of what cannot be proposed now.
extension Proposals {
    /// Somebody here wants a token settled, and this node leads. False if too many wait: it is to be asked again.
    mutating func void(_ token: Token) -> Bool {
        guard voids.count < limits.pipelineSlots else { return false }
        voids.append(token)
        return true
    }

    /// Another node wants one settled: of this leader, or it is passed on.
    mutating func receive(
        _ settle: Settle,
        from sender: NodeID,
        _ replica: borrowing Replica,
        output: inout Output
    ) {
        guard replica.knows(settle.token.node) else {
            counters.impossible += 1
            return
        }
        if replica.leader != nil {
            _ = void(settle.token)
        } else if settle.hops < Forward.mostHops,
            let next = replica.election.route(at: replica.now),
            next != sender, next != replica.node
        {
            let passed = Settle(token: settle.token, hops: settle.hops + 1)
            output.send(.settle(passed), to: next)
            relaying.passOn(
                for: sender,
                until: replica.now.advanced(by: 2 * limits.electionTicks)
            )
        }
    }

    /// Assigns slots to void entries, as far as there is room, for tokens that are neither in the log nor on their
    /// way there.
    ///
    /// A void entry of a boot that was invented would end the member's session as a command would: it is written for
    /// no boot above the one that this node has met of it, unless the log holds that.
    mutating func proposeVoids(
        _ callers: borrowing Callers,
        _ replica: inout Replica,
        _ meeting: borrowing Meeting,
        _ state: LogState,
        into entries: inout [Entry]
    ) {
        guard replica.leader != nil, !replica.hasNoRoom else {
            voids = FIFO()
            return
        }
        while let token = voids.first {
            let known = meeting.boot(of: token.node).map { token.boot <= $0 } ?? false
            guard known || state.holds(token.boot, of: token.node), callers.mayHaveNamed(token),
                replica.isNew(token, state)
            else {
                _ = voids.popFirst()
                continue
            }
            guard replica.appetite.takes(slots: 1, bytes: 0) else { return }
            _ = voids.popFirst()
            replica.assign(voiding: token, into: &entries)
        }
    }
}
