/// What a follower asks of the leader on behalf of its callers.

/// An append on its way to the leader. The token, not the connection, says whether it got in.
package struct Forward: Hashable, Sendable {
    package let token: Token
    package let payloads: AppendRequest.Payloads
    /// How many nodes have passed it on.
    package let hops: UInt8

    package init(token: Token, payloads: AppendRequest.Payloads, hops: UInt8) {
        self.token = token
        self.payloads = payloads
        self.hops = hops
    }
}

/// The leader has no room for an append that was forwarded to it, and nobody to lead in its place. It may
/// have been forwarded more than once: whoever waits for it is not told `never`.
package struct ForwardRefused: Hashable, Sendable {
    package let token: Token
}

/// Asks the leader for a barrier.
package struct RemoteBarrierRequest: Hashable, Sendable {
    package let id: UInt64
}

/// The committed slot at the arrival of the request, confirmed by a quorum since.
package struct RemoteBarrierReply: Hashable, Sendable {
    package let id: UInt64
    package let slot: Slot
}
