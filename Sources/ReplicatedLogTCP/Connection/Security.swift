package import LogWire
internal import NIOConcurrencyHelpers
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
    /// When what is shown to peers expires, for people, and whether it is time for another.
    var expires: String { get }
    var isExpiring: Bool { get }
    /// Whether it was this that failed, and not the connection below it.
    func isFailure(_ error: any Error) -> Bool
}

/// What new connections are made with. Another may take its place while others go on with what they have.
final class Secured: Sendable {
    private struct State {
        var security: any Security
        /// Whose certificate it has to be, once that is known.
        var name: CertifiedName?
    }

    private let state: NIOLockedValueBox<State>

    init(_ security: any Security) {
        state = NIOLockedValueBox(State(security: security))
    }

    var now: any Security { state.withLockedValue { $0.security } }

    /// From here on it has to be the certificate of this node, if it is: of the first that asks.
    func belong(to name: CertifiedName) throws(TCPTransportError) {
        try change { state throws(TCPTransportError) in
            try state.security.check(name)
            state.name = state.name ?? name
        }
    }

    func exchange(for next: any Security) throws(TCPTransportError) {
        try change { state throws(TCPTransportError) in
            if let name = state.name { try next.check(name) }
            state.security = next
        }
    }

    /// Checked and changed at once.
    private func change(
        _ body: (inout State) throws(TCPTransportError) -> Void
    ) throws(TCPTransportError) {
        let refusal = state.withLockedValue { state -> TCPTransportError? in
            do throws(TCPTransportError) {
                try body(&state)
                return nil
            } catch {
                return error
            }
        }
        if let refusal { throw refusal }
    }
}
