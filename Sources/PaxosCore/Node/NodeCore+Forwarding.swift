/// An append on a node that does not lead goes to the leader with its token, through one peer if there
/// is no straight way, and again whenever the leader changes or time has passed. However often it
/// arrives, it has effect once.
extension NodeCore {
    /// How many nodes may pass an append on.
    static var maxHops: UInt8 { 1 }

    /// Hands the inbox to the leader, as far as the pipeline's bounds allow.
    mutating func forwardInbox(output: inout Output) {
        guard replica.leader == nil, let next = replica.election.route(at: now), next != node else {
            return
        }
        if proposed.isEmpty {
            // The first to leave: what `retryProposed` keeps was about appends that are decided.
            lastLeading = replica.election.leader?.ballot
            nextForward = now.advanced(by: limits.electionTicks)
        }
        while let append = inbox.first {
            if waiters.state(of: append.waiter) != .none {
                guard proposed.hasRoom(entries: append.count, bytes: append.bytes, limits: limits)
                else { return }
                let token = makeToken(for: append)
                let forward = Forward(token: token, payloads: append.payloads, hops: 0)
                output.send(.forward(forward), to: next)
            }
            _ = inbox.popFirst()
            leaveInbox(append, output: &output)
        }
    }

    /// Sends again, or proposes, what has no slot yet, once the leader has changed or a while has passed.
    mutating func retryProposed(output: inout Output) {
        let route = replica.leader != nil ? node : replica.election.route(at: now)
        let leading = replica.leader?.ballot ?? replica.election.leader?.ballot
        let isNew = leading != lastLeading
        guard !proposed.isEmpty, let route, isNew || now >= nextForward else { return }
        if route == node, !isNew { return }
        guard route != node || replica.isReadable else { return }
        lastLeading = leading
        nextForward = now.advanced(by: limits.electionTicks)
        for append in proposed.undecided {
            let token = Token(node: node, boot: boot, sequence: append.sequence)
            let forward = Forward(token: token, payloads: append.payloads, hops: 0)
            if route == node {
                forwarded.append(forward)
            } else {
                output.send(.forward(forward), to: route)
            }
        }
    }

    mutating func receive(_ forward: Forward, from sender: NodeID, output: inout Output) {
        guard forward.payloads.fits(limits) else {
            counters.impossible += 1
            return
        }
        if replica.leader != nil {
            guard forwarded.count < limits.pipelineSlots, forwarded.bytes < limits.pipelineBytes
            else {
                return
            }
            forwarded.append(forward)
        } else if forward.hops < Self.maxHops, let next = replica.election.route(at: now),
            next != sender, next != node
        {
            let passed = Forward(
                token: forward.token,
                payloads: forward.payloads,
                hops: forward.hops + 1
            )
            output.send(.forward(passed), to: next)
        }
    }

    /// Proposes what other nodes have forwarded, unless it is in the log or on its way there.
    mutating func proposeForwarded(into entries: inout [Entry]) {
        guard replica.leader != nil else {
            forwarded = ForwardQueue()
            return
        }
        while let forward = forwarded.first {
            if replica.acceptor.isFull || delivery.state.effect(of: forward.token) != .effective
                || replica.assigned.effect(of: forward.token) != .effective
            {
                forwarded.removeFirst()
                continue
            }
            let count = forward.payloads.count
            guard replica.hasRoom(entries: count, bytes: forward.payloads.bytes) else { return }
            forwarded.removeFirst()
            replica.assigned.consume(forward.token)
            assign(forward.payloads, token: forward.token, into: &entries)
        }
    }
}

/// Appends that wait for a slot of this leader, with their payload bytes.
struct ForwardQueue: Sendable {
    private var queue = FIFO<Forward>()
    private(set) var bytes = 0

    var count: Int { queue.count }
    var first: Forward? { queue.first }

    mutating func append(_ forward: Forward) {
        bytes += forward.payloads.bytes
        queue.append(forward)
    }

    mutating func removeFirst() {
        if let forward = queue.popFirst() { bytes -= forward.payloads.bytes }
    }
}

extension Forward {
    var isPossible: Bool { payloads.count > 0 && token.sequence > 0 }
}
