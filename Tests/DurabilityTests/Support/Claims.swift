import PaxosCore

@testable import ReplicatedLog

/// What a departure says of the disk of the node that it left, and of the log as a whole.
struct Claims: Sendable {
    /// The directory has been opened so often.
    var boot = Boot(0)
    /// The node has used a ballot of this round.
    var round: UInt64 = 0
    /// It has promised this ballot.
    var promised = Ballot.zero
    /// It has accepted these slots under a ballot that is not below this one.
    var accepted: (ballot: Ballot, slots: ClosedRange<Slot>)?
    /// There is a row in this slot.
    var last: Slot?
    /// What it has and has not accepted below the page's ballot.
    var page: PromisePage?
    /// Every slot up to here is chosen, and stored by the node as it was chosen.
    var stored = Slot.zero
    /// It holds this process of a peer.
    var holds: (peer: NodeID, presence: Presence)?
    /// The slot holds the payload of this append.
    var appended: (slot: Slot, id: UInt32)?
    /// Every slot up to here is chosen, wherever.
    var chosen = Slot.zero

    init(_ departure: Departure) {
        switch departure.content {
        case .acknowledged(let slot, let id):
            appended = (slot, id)
            chosen = slot
        case .sent(let envelope):
            boot = envelope.sender.boot
            switch envelope.message {
            case .statement(let statement): add(statement)
            case .immediate(let message): add(message, of: envelope)
            }
        }
    }

    private mutating func add(_ statement: Statement) {
        switch statement {
        case .prepare(let prepare): round = prepare.ballot.round
        case .promise(let promise):
            promised = promise.ballot
            if promise.last > .zero { last = promise.last }
            stored = promise.committed
        case .accepted(let message):
            promised = message.ballot
            accepted = (message.ballot, message.slots)
        }
    }

    private typealias Statement = PaxosCore.Statement

    private mutating func add(_ message: Immediate, of envelope: Envelope) {
        switch message {
        case .hello(let hello):
            if let presence = hello.holds { holds = (envelope.destination, presence) }
        case .page(let page):
            promised = page.ballot
            self.page = page
        // Of a proposer: its ballot is one of its own.
        case .pageRequest(let request): round = request.ballot.round
        case .accept(let accept): (round, chosen) = (accept.ballot.round, accept.committed)
        case .commit(let notice): (round, chosen) = (notice.ballot.round, notice.committed)
        case .heartbeat(let beat): (round, chosen) = (beat.ballot.round, beat.committed)
        case .farewell(let farewell): round = farewell.ballot.round
        // The promises in these may be in flight: nobody counts anything because of them.
        case .reject(let reject): stored = reject.committed
        case .statusReply(let reply): stored = reply.committed
        case .heartbeatReply(let reply): stored = reply.committed
        case .catchUp(let answer):
            stored = max(answer.committed, answer.rows.last?.slot ?? .zero)
        case .barrierReply(let reply): chosen = reply.slot
        case .refused, .challenge, .challengeAnswer, .statusRequest, .catchUpRequest, .baseRequest,
            .baseChunk, .snapshotRequest, .snapshotPiece, .stateNotice, .forward,
            .forwardRefused, .settle, .transferRequest, .barrierRequest, .probe, .probeReply:
            break
        }
        chosen = max(chosen, stored)
    }
}
