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
    case catchUpRequest(CatchUpRequest)
    case catchUp(CatchUp)
    case forward(Forward)
    case forwardRefused(ForwardRefused)
    case barrierRequest(RemoteBarrierRequest)
    case barrierReply(RemoteBarrierReply)
    case probe(Probe)
    case probeReply(ProbeReply)
}

/// What a node receives, from a peer or from itself.
package enum Message: Hashable, Sendable {
    case statement(Statement)
    case immediate(Immediate)
}

/// Something to be said and whom it is for.
package struct Addressed<Body: Hashable & Sendable>: Hashable, Sendable {
    package let destination: NodeID
    package let body: Body
}

/// A statement on its way: only a `WriteBatch` holds it, and only the batch's receipt gives it out.
package typealias Testimony = Addressed<Statement>
