import PaxosSimulator

@testable import PaxosCore

/// Any message a correct core could send, and many it never would: what the types can hold.
extension SeededGenerator {
    /// Small numbers, and now and then one near an end of the range.
    mutating func number(below limit: UInt64 = .max) -> UInt64 {
        switch below(8) {
        case 0: 0
        case 1: limit - 1
        case 2, 3: next() % limit
        default: next() % 1_000
        }
    }

    mutating func slot() -> Slot { Slot(rawValue: number(below: Slot.limit.rawValue)) }

    mutating func slots() -> ClosedRange<Slot> {
        let one = slot()
        let other = slot()
        return min(one, other)...max(one, other)
    }

    mutating func node() -> NodeID { NodeID(rawValue: number()) ?? 1 }

    mutating func ballot() -> Ballot {
        oneIn(5) ? .zero : Ballot(round: number(), node: node())
    }

    mutating func token() -> Token {
        Token(node: node(), boot: Boot(number()), sequence: number())
    }

    mutating func payload() -> [UInt8] {
        let count = oneIn(20) ? below(5_000) : below(12)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    mutating func membership() -> Membership {
        let count = 1 + below(oneIn(10) ? 64 : 7)
        var members: [NodeID] = []
        while members.count < count {
            let member = node()
            if !members.contains(member) { members.append(member) }
        }
        let phase1 = 1 + below(count)
        let rule = QuorumRule.sized(phase1: phase1, phase2: count - phase1 + 1)
        return Samples.membership(members, oneIn(2) ? rule : .majority)
    }

    mutating func entry() -> Entry {
        switch below(8) {
        case 0: return .noop
        case 1: return .membership(membership())
        case 2: return .void(token())
        default:
            let count = 1 + UInt32(truncatingIfNeeded: number(below: UInt64(UInt32.max)))
            let index = UInt32(truncatingIfNeeded: next() % UInt64(count))
            return .command(
                Command(
                    token: token(),
                    index: index,
                    count: count,
                    at: oneIn(3) ? Slot(rawValue: 1 + number(below: 1 << 40)) : .zero,
                    payload: payload()
                )
            )
        }
    }

    mutating func run() -> EntryRun {
        let entries = (0...below(6)).map { _ in entry() }
        let last = Slot.limit.rawValue - UInt64(entries.count)
        return EntryRun(first: Slot(rawValue: 1 + number(below: last)), entries: entries)
    }

    mutating func rows() -> [AcceptedEntry] {
        (0..<below(5)).map { _ in
            AcceptedEntry(slot: slot(), ballot: ballot(), entry: entry(), isChosen: oneIn(2))
        }
    }

    mutating func presence() -> Presence {
        Presence(
            incarnation: Incarnation(high: number(), low: number()),
            process: ProcessID(boot: Boot(number()), nonce: Nonce(number()))
        )
    }

    private mutating func snapshotName() -> SnapshotName {
        SnapshotName(slot: max(slot(), .first), digest: number())
    }

    private mutating func refused() -> Refused {
        Refused(
            reason: pick([.otherIncarnation, .rolledBack, .twin]),
            holds: oneIn(2) ? presence() : nil
        )
    }

    private mutating func hello() -> Hello {
        let shape = Shape(
            maxPayloadBytes: below(.max),
            batchEntries: below(.max),
            batchBytes: below(.max),
            pipelineSlots: below(.max),
            pipelineBytes: below(.max),
            pageBytes: below(.max)
        )
        return Hello(
            asks: oneIn(2),
            holds: oneIn(2) ? presence() : nil,
            terms: Terms(
                founding: number(),
                era: number(),
                newest: slot(),
                membership: membership(),
                shape: shape
            ),
            proof: oneIn(2)
                ? Proof(process: presence().process, next: WriteNumber(number())) : nil
        )
    }

    mutating func message(_ kind: MessageKind) -> Message {
        switch kind {
        case .hello: .immediate(.hello(hello()))
        case .refused:
            .immediate(.refused(refused()))
        case .challenge: .immediate(.challenge(Challenge(id: number())))
        case .challengeAnswer: .immediate(.challengeAnswer(ChallengeAnswer(id: number())))
        case .statusRequest: .immediate(.statusRequest(StatusRequest(id: number())))
        case .statusReply: .immediate(.statusReply(statusReply()))
        case .heartbeat:
            .immediate(
                .heartbeat(
                    Heartbeat(
                        ballot: ballot(),
                        round: number(),
                        committed: slot(),
                        prefix: PrefixMark(slot: slot(), digest: PrefixDigest(number())),
                        floor: slot(),
                        slowest: NodeID(rawValue: UInt64(below(3))),
                        isFull: oneIn(2),
                        address: Array(payload().prefix(255))
                    )
                )
            )
        case .heartbeatReply: .immediate(.heartbeatReply(heartbeatReply()))
        case .farewell: .immediate(.farewell(farewell()))
        case .transferRequest:
            .immediate(
                .transferRequest(
                    TransferRequest(
                        target: node(),
                        hops: UInt8(truncatingIfNeeded: next())
                    )
                )
            )
        case .prepare: .statement(.prepare(Prepare(ballot: ballot())))
        case .promise:
            .statement(
                .promise(
                    Promise(
                        ballot: ballot(),
                        committed: slot(),
                        trimmed: slot(),
                        last: slot(),
                        recent: slot()
                    )
                )
            )
        case .pageRequest: .immediate(.pageRequest(PageRequest(ballot: ballot(), from: slot())))
        case .page:
            .immediate(
                .page(PromisePage(ballot: ballot(), from: slot(), through: slot(), rows: rows()))
            )
        case .accept:
            .immediate(.accept(Accept(ballot: ballot(), run: run(), committed: slot())))
        case .accepted: .statement(.accepted(Accepted(ballot: ballot(), slots: slots())))
        case .reject: .immediate(.reject(reject()))
        case .commit: .immediate(.commit(CommitNotice(ballot: ballot(), committed: slot())))
        case .catchUpRequest:
            .immediate(
                .catchUpRequest(
                    CatchUpRequest(
                        slots: slots(),
                        pages: 1 + below(255),
                        continues: oneIn(2)
                    )
                )
            )
        case .catchUp:
            .immediate(
                .catchUp(
                    CatchUp(from: slot(), rows: rows(), committed: slot(), trimmed: slot())
                )
            )
        case .baseRequest:
            .immediate(
                .baseRequest(
                    BaseRequest(
                        slot: slot(),
                        digest: number(),
                        offset: below(1 << 32),
                        begun: snapshotName()
                    )
                )
            )
        case .snapshotRequest:
            .immediate(.snapshotRequest(SnapshotRequest(name: snapshotName(), offset: number())))
        case .stateNotice:
            .immediate(
                .stateNotice(
                    StateNotice(mark: StateMark(slot: slot(), form: number(), digest: number()))
                )
            )
        case .snapshotPiece:
            .immediate(
                .snapshotPiece(
                    SnapshotPiece(name: snapshotName(), offset: number(), bytes: payload())
                )
            )
        case .baseChunk:
            .immediate(
                .baseChunk(
                    BaseChunk(
                        slot: slot(),
                        digest: number(),
                        total: below(1 << 32),
                        offset: below(1 << 32),
                        bytes: payload()
                    )
                )
            )
        case .forward: .immediate(.forward(forward()))
        case .forwardRefused: .immediate(.forwardRefused(ForwardRefused(token: token())))
        case .settle: .immediate(.settle(Settle(token: token(), hops: UInt8(below(2)))))
        case .barrierRequest: .immediate(.barrierRequest(RemoteBarrierRequest(id: number())))
        case .barrierReply:
            .immediate(.barrierReply(RemoteBarrierReply(id: number(), slot: slot())))
        case .probe: .immediate(.probe(probe()))
        case .probeReply: .immediate(.probeReply(probeReply()))
        }
    }

    private mutating func probe() -> Probe {
        switch below(3) {
        case 0: Probe(id: number(), subject: .answers)
        case 1: Probe(id: number(), subject: .accepts(ballot(), slots()))
        default:
            Probe(
                id: number(),
                subject: .forwards(
                    Token(node: 3, boot: Boot(number()), sequence: number(below: 1 << 40)),
                    count: UInt32(1 + below(1000))
                )
            )
        }
    }

    private mutating func probeReply() -> ProbeReply {
        switch below(3) {
        case 0: return ProbeReply(id: number(), subject: .answers)
        case 1:
            let missing = oneIn(2) ? slots() : nil
            return ProbeReply(id: number(), subject: .accepts(ballot(), missing: missing))
        default:
            let ranges = (0..<below(4)).map { place in
                UInt64(10 * place)...UInt64(10 * place + below(8))
            }
            return ProbeReply(id: number(), subject: .forwards(missing: ranges))
        }
    }

    private mutating func statusReply() -> StatusReply {
        let leader = ballot()
        return StatusReply(
            id: number(),
            leader: leader == .zero ? nil : leader,
            promised: ballot(),
            committed: slot(),
            recent: slot(),
            isFull: oneIn(2)
        )
    }

    private mutating func farewell() -> Farewell {
        Farewell(ballot: ballot(), successor: NodeID(rawValue: UInt64(below(3))))
    }

    private mutating func heartbeatReply() -> HeartbeatReply {
        HeartbeatReply(
            ballot: ballot(),
            round: number(),
            promised: ballot(),
            committed: slot(),
            floor: slot(),
            isFull: oneIn(2),
            priority: pick(LeadershipPriority.allCases)
        )
    }

    private mutating func reject() -> Reject {
        Reject(
            ballot: ballot(),
            promised: ballot(),
            committed: slot(),
            reason: pick([.promised, .full, .committed, .trimmed])
        )
    }

    private mutating func forward() -> Forward {
        let payloads: Payloads =
            oneIn(2) ? .one(payload()) : .batch((0...below(5)).map { _ in payload() })
        return Forward(
            token: token(),
            payloads: payloads,
            hops: UInt8(truncatingIfNeeded: next()),
            at: oneIn(3) ? Slot(rawValue: 1 + number(below: 1 << 40)) : .zero
        )
    }

    mutating func envelope(_ kind: MessageKind) -> Envelope {
        let letters = Array("abcXYZ019-_.")
        let name = String((0..<1 + below(63)).map { _ in letters[below(letters.count)] })
        let sender = NodeIdentity(
            cluster: Samples.cluster(name),
            node: node(),
            incarnation: Incarnation(high: next(), low: next()),
            boot: Boot(number()),
            nonce: Nonce(next())
        )
        let recipient = ProcessID(boot: Boot(next() | 1), nonce: Nonce(next()))
        return Envelope(
            sender: sender,
            destination: node(),
            recipient: next() % 2 == 0 ? recipient : nil,
            message: message(kind)
        )
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }
}
