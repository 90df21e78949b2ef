package import LogWire
package import NIOCore

/// What keeps connections secret and knows who is at their other end. Without one nothing is encrypted and
/// everybody's word is taken. There is one kind, `TLSIdentity`, where the trait `TLS` is enabled.
package protocol Security: Sendable {
    func clientHandler() throws -> any ChannelHandler
    func serverHandler() throws -> any ChannelHandler
    /// Refuses what no peer would take of the node of this name.
    func check(_ name: CertifiedName) throws(TCPTransportError)
    /// Whether the certificate at the other end carries this name.
    func vouches(for name: CertifiedName, in context: ChannelHandlerContext) -> Bool
    /// Whether it was this that failed, and not the connection below it.
    func isFailure(_ error: any Error) -> Bool
}
