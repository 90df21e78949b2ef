public import ReplicatedLog

/// Why a `TCPTransport` does not start, or does not show other certificates.
@nonexhaustive
public enum TCPTransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another process listens there.
    case addressInUse(TCPAddress)
    /// The name is known to nobody who answered in time.
    case nameNotFound(TCPAddress)
    /// The system does not let this process listen there.
    case cannotListen(TCPAddress, UnderlyingError)
    /// It was started or stopped before: a restarted node gets another transport.
    case alreadyUsed
    /// The event loops are of a kind that speaks no TCP of this system.
    case unusableEventLoops
    /// The event loops have ended.
    case eventLoopsEnded
    /// It was made without certificates, and cannot begin to show some.
    case notEncrypted
    /// The certificate does not name the node that it was given to.
    case certificateOfAnother(expected: String)
    /// A certificate that is shown to peers expired then; nobody would take it.
    case certificateExpired(String)
    /// A certificate that is shown to peers holds only from then on.
    case certificateNotYetValid(String)

    /// What is wrong and what to do, for people.
    public var description: String {
        switch self {
        case .addressInUse(let address):
            "\(address) is in use: stop what listens there, or listen elsewhere"
        case .nameNotFound(let address): "cannot listen on \(address): the name has no address"
        case .cannotListen(let address, let error): "cannot listen on \(address): \(error)"
        case .alreadyUsed: "the transport was started or stopped before"
        case .unusableEventLoops: "the event loops are not those of NIOPosix: give it others"
        case .eventLoopsEnded: "the event loops have ended: end them after the transport"
        case .notEncrypted: "the transport was made without certificates: make another one"
        case .certificateOfAnother(let expected):
            "the certificate lacks the subjectAltName URI:\(expected): issue one for this node"
        case .certificateExpired(let date):
            "the certificate expired at \(date): issue another one for this node"
        case .certificateNotYetValid(let date):
            "the certificate holds from \(date) on: look at the clock of this machine"
        }
    }
}
