/// One table from the cases of a message to their bodies and back.
extension Message {
    var body: any Body {
        switch self {
        case .statement(let statement): statement.body
        case .immediate(let message): message.body
        }
    }

    package var kind: MessageKind { type(of: body).kind }

    init?(_ kind: MessageKind, from reader: inout ByteReader) {
        let message: Message? =
            switch kind {
            case .hello: Hello(from: &reader).map { .immediate(.hello($0)) }
            case .refused: Refused(from: &reader).map { .immediate(.refused($0)) }
            case .challenge: Challenge(from: &reader).map { .immediate(.challenge($0)) }
            case .challengeAnswer:
                ChallengeAnswer(from: &reader).map { .immediate(.challengeAnswer($0)) }
            case .statusRequest:
                StatusRequest(from: &reader).map { .immediate(.statusRequest($0)) }
            case .statusReply: StatusReply(from: &reader).map { .immediate(.statusReply($0)) }
            case .heartbeat: Heartbeat(from: &reader).map { .immediate(.heartbeat($0)) }
            case .heartbeatReply:
                HeartbeatReply(from: &reader).map { .immediate(.heartbeatReply($0)) }
            case .farewell: Farewell(from: &reader).map { .immediate(.farewell($0)) }
            case .prepare: Prepare(from: &reader).map { .statement(.prepare($0)) }
            case .promise: Promise(from: &reader).map { .statement(.promise($0)) }
            case .pageRequest: PageRequest(from: &reader).map { .immediate(.pageRequest($0)) }
            case .page: PromisePage(from: &reader).map { .immediate(.page($0)) }
            case .accept: Accept(from: &reader).map { .immediate(.accept($0)) }
            case .accepted: Accepted(from: &reader).map { .statement(.accepted($0)) }
            case .reject: Reject(from: &reader).map { .immediate(.reject($0)) }
            case .commit: CommitNotice(from: &reader).map { .immediate(.commit($0)) }
            case .catchUpRequest:
                CatchUpRequest(from: &reader).map { .immediate(.catchUpRequest($0)) }
            case .catchUp: CatchUp(from: &reader).map { .immediate(.catchUp($0)) }
            case .forward: Forward(from: &reader).map { .immediate(.forward($0)) }
            case .forwardRefused:
                ForwardRefused(from: &reader).map { .immediate(.forwardRefused($0)) }
            case .barrierRequest:
                RemoteBarrierRequest(from: &reader).map { .immediate(.barrierRequest($0)) }
            case .barrierReply:
                RemoteBarrierReply(from: &reader).map { .immediate(.barrierReply($0)) }
            case .probe: Probe(from: &reader).map { .immediate(.probe($0)) }
            case .probeReply: ProbeReply(from: &reader).map { .immediate(.probeReply($0)) }
            }
        guard let message else { return nil }
        self = message
    }
}

extension Statement {
    fileprivate var body: any Body {
        switch self {
        case .prepare(let body): body
        case .promise(let body): body
        case .accepted(let body): body
        }
    }
}

extension Immediate {
    fileprivate var body: any Body {
        switch self {
        case .hello(let body): body
        case .refused(let body): body
        case .challenge(let body): body
        case .challengeAnswer(let body): body
        case .statusRequest(let body): body
        case .statusReply(let body): body
        case .pageRequest(let body): body
        case .page(let body): body
        case .accept(let body): body
        case .reject(let body): body
        case .commit(let body): body
        case .heartbeat(let body): body
        case .heartbeatReply(let body): body
        case .farewell(let body): body
        case .catchUpRequest(let body): body
        case .catchUp(let body): body
        case .forward(let body): body
        case .forwardRefused(let body): body
        case .barrierRequest(let body): body
        case .barrierReply(let body): body
        case .probe(let body): body
        case .probeReply(let body): body
        }
    }
}
