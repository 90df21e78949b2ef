#if TLS
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
    public convenience init(
        listen: TCPAddress,
        peers: [NodeID: TCPAddress],
        tls: TLSIdentity?,
        options: TCPOptions = TCPOptions()
    ) {
        self.init(
            listen: listen,
            peers: peers.keys.sorted(),
            security: tls,
            options: options,
            addressOf: { peers[$0] }
        )
    }
}
#endif
