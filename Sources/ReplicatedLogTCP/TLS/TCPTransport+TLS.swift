#if TLS
public import Logging
public import NIOCore
public import NIOPosix
public import ReplicatedLog

extension TCPTransport {
    /// Makes a transport, to be started by the node that it is given to.
    ///
    /// - Parameters:
    ///   - listen: Where this node takes connections.
    ///   - peers: Where the other members do; nobody else is welcomed. The node's own address may be among
    ///     them, and is left out.
    ///   - tls: Shown to peers and asked of them. With `nil` nothing is encrypted and nobody's word is
    ///     checked.
    ///   - options: Bounds and times.
    ///   - group: The event loops that read, write, encode and encrypt, of NIOPosix. The transport ends its
    ///     connections and never the group, which has to outlive it. What blocks one of these loops for an
    ///     election timeout costs a leader.
    ///   - logger: Silent if not given. Lines are written by a thread of their own.
    public convenience init(
        listen: TCPAddress,
        peers: [NodeID: TCPAddress],
        tls: TLSIdentity?,
        options: TCPOptions = TCPOptions(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger? = nil
    ) {
        self.init(
            listen: listen,
            peers: peers.keys.sorted(),
            security: tls,
            options: options,
            group: group,
            logger: logger,
            addressOf: { peers[$0] }
        )
    }

    /// Shows other certificates on every connection that is made from now on, to either side, and trusts their
    /// authority. Connections that are open go on with what they were made with: only a stop cuts off whom the
    /// new ones would not let in. May be called at any time, from any thread.
    ///
    /// ```swift
    /// try transport.exchange(TLSIdentity(certificate: "n1.pem", key: "n1.key", authority: "ca.pem"))
    /// ```
    ///
    /// - Throws: `TCPTransportError` if the transport was made without TLS, or if the certificate has expired or
    ///   does not name this node: those before go on being shown. Whether the authority issued it is not looked at.
    public func exchange(_ identity: TLSIdentity) throws(TCPTransportError) {
        try exchange(security: identity)
    }
}
#endif
