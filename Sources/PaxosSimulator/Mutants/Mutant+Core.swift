import PaxosCore

/// A core that is made wrongly, or whose surroundings hear something else than it says.
extension Mutant {
    func alter(_ limits: Limits) -> Limits {
        var limits = limits
        switch self {
        case .limitsIgnored: limits.pipelineSlots *= 4
        case .sleepsThroughElections: limits.electionTimeout = .seconds(1 << 30)
        default: break
        }
        return limits
    }

    /// The process that the core takes itself for.
    func disguise(_ recovered: RecoveredState) -> RecoveredState {
        guard self == .borrowedIdentity, let own = recovered.openings.last else { return recovered }
        var recovered = recovered
        recovered.nonce = Nonce(recovered.nonce.rawValue &+ 1)
        let process = ProcessID(boot: recovered.boot, nonce: recovered.nonce)
        recovered.openings.removeLast()
        recovered.openings.append(Opening(process: process, write: own.write))
        return recovered
    }

    /// Steps a core, as `step` does. `held` is what subscribers were not handed in the step before.
    func step(
        _ core: inout NodeCore,
        _ arrivals: consuming Arrivals,
        held: inout [Delivered],
        said: inout [Envelope],
        _ step: (inout NodeCore, consuming Arrivals) -> Output
    ) -> Output {
        var barriers: [BarrierRequest] = []
        if self == .cursorAhead {
            for place in arrivals.confirmed.indices {
                arrivals.confirmed[place].record.slot = core.delivered
            }
        }
        if self == .trimPastCursors { arrivals.trims = arrivals.trims.map(\.pastAllCursors) }
        if self == .staleLeaderBarrier, core.status.role == .leader {
            swap(&barriers, &arrivals.barriers)
        }
        if self == .digestNotCompared {
            for place in arrivals.messages.indices {
                arrivals.messages[place] = arrivals.messages[place].agreeing(with: core.terms)
            }
        }
        if self == .lateRowsDropped { arrivals.messages.removeAll { isLate($0, said) } }
        if self == .otherLaneAnswers {
            arrivals.messages += arrivals.messages.compactMap { answerFromOtherLane($0, said) }
        }
        if self == .behindLeads { arrivals.messages = arrivals.messages.map(hideWhatIsMissing) }
        if self == .otherEntryIgnored {
            let committed = core.status.committed
            arrivals.messages = arrivals.messages.map { withoutRows(through: committed, $0) }
        }
        if self == .prefixNotCompared {
            arrivals.messages = arrivals.messages.map { altered($0, as: nil) }
        }
        var output = step(&core, arrivals)
        for barrier in barriers {
            let slot = core.status.committed
            output.replies.append(Reply(waiter: barrier.waiter, outcome: .barrier(slot)))
        }
        alter(&output, of: core, held: &held)
        if self == .borrowedBallot { output.messages = output.messages.map(borrowBallot) }
        if self == .trimmedIsEmpty { output.messages = output.messages.map(hideWhatIsTrimmed) }
        if self == .commitAboveProposal { output.messages = output.messages.map(commitTooMuch) }
        repeatWhatWasSaid(&output, said: &said)
        return output
    }

    private func withoutRows(through slot: Slot, _ envelope: Envelope) -> Envelope {
        guard case .immediate(.catchUp(let answer)) = envelope.message, answer.from <= slot,
            !answer.rows.isEmpty
        else { return envelope }
        let rows = answer.rows.filter { $0.slot > slot }
        let rest = CatchUp(
            from: rows.first?.slot ?? answer.from,
            rows: rows,
            committed: answer.committed
        )
        return envelope.saying(.immediate(.catchUp(rest)))
    }

    private func isLate(_ envelope: Envelope, _ said: [Envelope]) -> Bool {
        guard case .immediate(.catchUp(let answer)) = envelope.message,
            let last = said.last, case .immediate(.catchUpRequest(let request)) = last.message
        else { return false }
        return envelope.source != last.destination || answer.from != request.slots.lowerBound
    }

    private func answerFromOtherLane(_ envelope: Envelope, _ said: [Envelope]) -> Envelope? {
        guard envelope.lane == .liveness, envelope.recipient != nil,
            let last = said.first(where: { $0.destination == envelope.source }),
            case .immediate(.probe(let probe)) = last.message
        else { return nil }
        let reply = ProbeReply(id: probe.id, subject: .answers)
        return envelope.saying(.immediate(.probeReply(reply)))
    }

    private func hideWhatIsMissing(_ envelope: Envelope) -> Envelope {
        var message = envelope.message
        switch message {
        case .immediate(.statusReply(let reply)):
            let altered = StatusReply(
                id: reply.id,
                leader: reply.leader,
                promised: reply.promised,
                committed: reply.committed,
                isFull: reply.isFull
            )
            message = .immediate(.statusReply(altered))
        case .statement(.promise(let promise)):
            let altered = Promise(
                ballot: promise.ballot,
                committed: promise.committed,
                trimmed: promise.trimmed,
                last: promise.last
            )
            message = .statement(.promise(altered))
        default: return envelope
        }
        return envelope.saying(message)
    }

    private func hideWhatIsTrimmed(_ envelope: Envelope) -> Envelope {
        var message = envelope.message
        switch message {
        case .immediate(.catchUp(let answer)):
            let altered = CatchUp(from: answer.from, rows: answer.rows, committed: answer.committed)
            message = .immediate(.catchUp(altered))
        case .statement(.promise(let promise)):
            let altered = Promise(
                ballot: promise.ballot,
                committed: promise.committed,
                trimmed: .zero,
                last: promise.last,
                recent: promise.recent
            )
            message = .statement(.promise(altered))
        default: return envelope
        }
        return envelope.saying(message)
    }

    private func commitTooMuch(_ envelope: Envelope) -> Envelope {
        guard case .immediate(.accept(let accept)) = envelope.message else { return envelope }
        let last = accept.run.last
        let altered = Accept(ballot: accept.ballot, run: accept.run, committed: last)
        return envelope.saying(.immediate(.accept(altered)))
    }

    private func borrowBallot(_ envelope: Envelope) -> Envelope {
        altered(envelope, as: envelope.destination)
    }

    /// A heartbeat under the ballot of another node, or its own, that says nothing of a prefix.
    private func altered(_ envelope: Envelope, as node: NodeID?) -> Envelope {
        guard case .immediate(.heartbeat(let beat)) = envelope.message else { return envelope }
        let ballot = Ballot(round: beat.ballot.round, node: node ?? beat.ballot.node)
        let borrowed = Heartbeat(
            ballot: ballot,
            round: beat.round,
            committed: beat.committed,
            floor: beat.floor,
            slowest: beat.slowest,
            isFull: beat.isFull
        )
        return envelope.saying(.immediate(.heartbeat(borrowed)))
    }

    /// Sends what went to a member last once more, on an occasion that says nothing of whether it was lost.
    private func repeatWhatWasSaid(_ output: inout Output, said: inout [Envelope]) {
        for envelope in output.messages {
            if isRepeated(envelope.message) {
                said.removeAll { $0.destination == envelope.destination }
                said.append(envelope)
            } else if isOccasion(envelope.message),
                let last = said.first(where: { $0.destination == envelope.destination })
            {
                output.messages.append(last)
            }
        }
    }

    private func isRepeated(_ message: Message) -> Bool {
        switch (self, message) {
        case (.silenceResends, .immediate(.accept)), (.pageAskedAgain, .immediate(.pageRequest)),
            (.forwardResent, .immediate(.forward)),
            (.lateRowsDropped, .immediate(.catchUpRequest)),
            (.otherLaneAnswers, .immediate(.probe)):
            true
        default: false
        }
    }

    private func isOccasion(_ message: Message) -> Bool {
        switch (self, message) {
        case (.silenceResends, .immediate(.heartbeat)), (.pageAskedAgain, .statement(.prepare)),
            (.forwardResent, .immediate(.heartbeatReply)):
            true
        default: false
        }
    }

    private func tell(_ fate: TokenFate, instead other: TokenFate, _ output: inout Output) {
        output.replies = output.replies.map { reply in
            guard reply.outcome == .resolved(other) else { return reply }
            return Reply(waiter: reply.waiter, outcome: .resolved(fate))
        }
    }

    private func alter(_ output: inout Output, of core: borrowing NodeCore, held: inout [Delivered])
    {
        switch self {
        case .holeSkippedToSubscribers:
            if output.delivered.count > 1 { output.delivered.removeFirst() }
        case .batchInTwoSteps:
            output.delivered = held + output.delivered
            held = output.delivered.popLast().map { [$0] } ?? []
        case .unknownAcknowledged:
            let slot = core.status.committed
            output.replies = output.replies.map { reply in
                guard case .unknown = reply.outcome else { return reply }
                return Reply(waiter: reply.waiter, outcome: .committed(first: slot, count: 1))
            }
        case .unknownIsNever:
            output.replies = output.replies.map { reply in
                guard case .unknown(_, let refusal) = reply.outcome else { return reply }
                return Reply(waiter: reply.waiter, outcome: .never(refusal))
            }
        case .openIsNever: tell(.never, instead: .open, &output)
        case .openIsEffective: tell(.effective, instead: .open, &output)
        case .repliesTwice:
            output.replies += output.replies
        default:
            break
        }
    }
}

extension Envelope {
    /// Another message, with all that goes with each.
    fileprivate func saying(_ message: Message) -> Envelope {
        Envelope(
            sender: sender,
            destination: destination,
            recipient: recipient,
            written: written,
            stamp: stamp,
            claim: (heard, tag),
            message: message
        )
    }

    /// The same, of a process that was made with these terms.
    fileprivate func agreeing(with terms: Terms) -> Envelope {
        guard case .immediate(.hello(let hello)) = message else { return self }
        let agreeing = Hello(
            asks: hello.asks,
            holds: hello.holds,
            terms: terms,
            proof: hello.proof
        )
        return saying(.immediate(.hello(agreeing)))
    }
}

extension TrimRequest {
    fileprivate var pastAllCursors: TrimRequest {
        TrimRequest(
            waiter: waiter,
            through: through,
            pastSnapshots: pastSnapshots,
            pastCursors: true,
            deadline: deadline
        )
    }
}
