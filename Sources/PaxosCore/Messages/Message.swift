/// What a node receives, from a peer or from itself.
package enum Message: Hashable, Sendable {
    case statement(Statement)
    case immediate(Immediate)
}

/// What a statement that depends on a write says. It leaves with the receipt of that write and not
/// before (`R28`).
package enum Statement: Hashable, Sendable {
    case prepare(Prepare)
    case promise(Promise)
    case accepted(Accepted)
}

/// What may leave at once: it testifies to nothing that is not on this node's disk already. A row in a page
/// that was fetched as chosen speaks of the quorum that chose it, whatever this disk holds by now.
package enum Immediate: Hashable, Sendable {
    /// Aside: it is rare and twice as large as all others, and every message is copied at its size.
    indirect case hello(Hello)
    case refused(Refused)
    case challenge(Challenge)
    case challengeAnswer(ChallengeAnswer)
    case statusRequest(StatusRequest)
    case statusReply(StatusReply)
    case pageRequest(PageRequest)
    case page(PromisePage)
    case accept(Accept)
    case reject(Reject)
    case commit(CommitNotice)
    case heartbeat(Heartbeat)
    case heartbeatReply(HeartbeatReply)
    case farewell(Farewell)
    case transferRequest(TransferRequest)
    case catchUpRequest(CatchUpRequest)
    case catchUp(CatchUp)
    case baseRequest(BaseRequest)
    case baseChunk(BaseChunk)
    case snapshotRequest(SnapshotRequest)
    case snapshotPiece(SnapshotPiece)
    case stateNotice(StateNotice)
    case forward(Forward)
    case forwardRefused(ForwardRefused)
    case settle(Settle)
    case barrierRequest(RemoteBarrierRequest)
    case barrierReply(RemoteBarrierReply)
    case probe(Probe)
    case probeReply(ProbeReply)
}

/// Something to be said and whom it is for.
package struct Addressed<Body: Hashable & Sendable>: Hashable, Sendable {
    package let destination: NodeID
    package let body: Body
}

/// A statement on its way: only a `WriteBatch` holds it, and only the batch's receipt gives it out.
package typealias Testimony = Addressed<Statement>

/// The number of a message on the wire, never used for another.
package enum MessageKind: UInt8, CaseIterable, Sendable {
    case hello = 0x01
    case refused = 0x02
    case challenge = 0x03
    case challengeAnswer = 0x04

    case statusRequest = 0x10
    case statusReply = 0x11
    case heartbeat = 0x12
    case heartbeatReply = 0x13
    case farewell = 0x14
    case transferRequest = 0x15

    case prepare = 0x20
    case promise = 0x21
    case pageRequest = 0x22
    case page = 0x23

    case accept = 0x30
    case accepted = 0x31
    case reject = 0x32

    case commit = 0x40
    case catchUpRequest = 0x41
    case catchUp = 0x42
    case baseRequest = 0x43
    case baseChunk = 0x44
    case snapshotRequest = 0x45
    case snapshotPiece = 0x46
    case stateNotice = 0x47

    case forward = 0x50
    case barrierRequest = 0x51
    case barrierReply = 0x52
    case forwardRefused = 0x53
    case settle = 0x54

    case probe = 0x60
    case probeReply = 0x61
}

// MARK: - From kinds to bodies

extension Message {
    init?(_ kind: MessageKind, from reader: inout ByteReader) {
        guard let message = Self.read(kind.body, from: &reader) else { return nil }
        self = message
    }

    /// Of one kind, so that no body is put into a box.
    private static func read<Body: MessageBody>(
        _ body: Body.Type,
        from reader: inout ByteReader
    ) -> Message? {
        Body(from: &reader)?.message
    }
}

extension MessageKind {
    fileprivate var body: any MessageBody.Type {
        switch self {
        case .hello: Hello.self
        case .refused: Refused.self
        case .challenge: Challenge.self
        case .challengeAnswer: ChallengeAnswer.self
        case .statusRequest: StatusRequest.self
        case .statusReply: StatusReply.self
        case .heartbeat: Heartbeat.self
        case .heartbeatReply: HeartbeatReply.self
        case .farewell: Farewell.self
        case .transferRequest: TransferRequest.self
        case .prepare: Prepare.self
        case .promise: Promise.self
        case .pageRequest: PageRequest.self
        case .page: PromisePage.self
        case .accept: Accept.self
        case .accepted: Accepted.self
        case .reject: Reject.self
        case .commit: CommitNotice.self
        case .catchUpRequest: CatchUpRequest.self
        case .catchUp: CatchUp.self
        case .baseRequest: BaseRequest.self
        case .baseChunk: BaseChunk.self
        case .snapshotRequest: SnapshotRequest.self
        case .snapshotPiece: SnapshotPiece.self
        case .stateNotice: StateNotice.self
        case .forward: Forward.self
        case .barrierRequest: RemoteBarrierRequest.self
        case .barrierReply: RemoteBarrierReply.self
        case .forwardRefused: ForwardRefused.self
        case .settle: Settle.self
        case .probe: Probe.self
        case .probeReply: ProbeReply.self
        }
    }
}

// MARK: - From cases to bodies

/// What is done with a body, whichever it is: one of these for each thing that is done, so that no body is put
/// into a box.
private protocol BodyUse {
    associatedtype Subject
    associatedtype Result
    static func use(_ body: some MessageBody, _ subject: inout Subject) -> Result
}

extension Message {
    fileprivate func use<Use: BodyUse>(_ use: Use.Type, _ subject: inout Use.Subject) -> Use.Result
    {
        switch self {
        case .statement(.prepare(let body)): Use.use(body, &subject)
        case .statement(.promise(let body)): Use.use(body, &subject)
        case .statement(.accepted(let body)): Use.use(body, &subject)
        case .immediate(.hello(let body)): Use.use(body, &subject)
        case .immediate(.refused(let body)): Use.use(body, &subject)
        case .immediate(.challenge(let body)): Use.use(body, &subject)
        case .immediate(.challengeAnswer(let body)): Use.use(body, &subject)
        case .immediate(.statusRequest(let body)): Use.use(body, &subject)
        case .immediate(.statusReply(let body)): Use.use(body, &subject)
        case .immediate(.pageRequest(let body)): Use.use(body, &subject)
        case .immediate(.page(let body)): Use.use(body, &subject)
        case .immediate(.accept(let body)): Use.use(body, &subject)
        case .immediate(.reject(let body)): Use.use(body, &subject)
        case .immediate(.commit(let body)): Use.use(body, &subject)
        case .immediate(.heartbeat(let body)): Use.use(body, &subject)
        case .immediate(.heartbeatReply(let body)): Use.use(body, &subject)
        case .immediate(.farewell(let body)): Use.use(body, &subject)
        case .immediate(.transferRequest(let body)): Use.use(body, &subject)
        case .immediate(.catchUpRequest(let body)): Use.use(body, &subject)
        case .immediate(.catchUp(let body)): Use.use(body, &subject)
        case .immediate(.baseRequest(let body)): Use.use(body, &subject)
        case .immediate(.baseChunk(let body)): Use.use(body, &subject)
        case .immediate(.snapshotRequest(let body)): Use.use(body, &subject)
        case .immediate(.snapshotPiece(let body)): Use.use(body, &subject)
        case .immediate(.stateNotice(let body)): Use.use(body, &subject)
        case .immediate(.forward(let body)): Use.use(body, &subject)
        case .immediate(.forwardRefused(let body)): Use.use(body, &subject)
        case .immediate(.settle(let body)): Use.use(body, &subject)
        case .immediate(.barrierRequest(let body)): Use.use(body, &subject)
        case .immediate(.barrierReply(let body)): Use.use(body, &subject)
        case .immediate(.probe(let body)): Use.use(body, &subject)
        case .immediate(.probeReply(let body)): Use.use(body, &subject)
        }
    }

    package var kind: MessageKind {
        enum Kind: BodyUse {
            static func use<Body: MessageBody>(_ body: Body, _: inout Void) -> MessageKind {
                Body.kind
            }
        }
        var nothing: Void = ()
        return use(Kind.self, &nothing)
    }

    package var lane: Lane {
        enum Way: BodyUse {
            static func use<Body: MessageBody>(_ body: Body, _: inout Void) -> Lane { Body.lane }
        }
        var nothing: Void = ()
        return use(Way.self, &nothing)
    }

    package var byteCount: Int {
        enum Length: BodyUse {
            static func use(_ body: some MessageBody, _: inout Void) -> Int { body.byteCount }
        }
        var nothing: Void = ()
        return use(Length.self, &nothing)
    }

    /// Appends the bytes behind the head.
    package func append(to bytes: inout [UInt8]) {
        enum Writing: BodyUse {
            static func use(_ body: some MessageBody, _ bytes: inout [UInt8]) {
                body.append(to: &bytes)
            }
        }
        use(Writing.self, &bytes)
    }

    /// False for what no correct node sends (`R80`).
    func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        enum Weighing: BodyUse {
            static func use(
                _ body: some MessageBody,
                _ sight: inout (sender: NodeID, seen: Ballot)
            ) -> Bool {
                body.isPossible(from: sight.sender, above: sight.seen)
            }
        }
        var sight = (sender: sender, seen: seen)
        return use(Weighing.self, &sight)
    }

    package func tell<Facts: MessageFacts>(_ facts: inout Facts) {
        use(Telling<Facts>.self, &facts)
    }

    /// For people, with this for the name of an entry.
    package func text(_ name: (Entry) -> String) -> String {
        enum Text: BodyUse {
            static func use(_ body: some MessageBody, _ name: inout (Entry) -> String) -> String {
                body.text(name)
            }
        }
        return withoutActuallyEscaping(name) { name in
            var name = name
            return use(Text.self, &name)
        }
    }
}

private enum Telling<Facts: MessageFacts>: BodyUse {
    static func use(_ body: some MessageBody, _ facts: inout Facts) { body.tell(&facts) }
}
