/// Why a connection was not taken or was ended: what a transport counts.
///
/// Whatever the reason, nothing of the bytes in question is handed to the node. The names are a contract:
/// `rlog node` shows the counts under them.
@nonexhaustive
public enum PeerRefusal: String, Error, Hashable, Sendable, CaseIterable {
    /// The first bytes are not those of this protocol: something else speaks on this port.
    case notTheProtocol = "not_the_protocol"
    /// A handshake whose checksum does not match, or that says what no node says.
    case malformedHandshake = "malformed_handshake"
    /// The two ends have no version in common.
    case version
    /// The other end belongs to another cluster (`R65`).
    case otherCluster = "other_cluster"
    /// The other end is not the node that was to be reached there, or looks for another one here.
    case otherNode = "other_node"
    /// The other end is none of the peers.
    case notAPeer = "not_a_peer"
    /// The certificate of the other end does not name the node that it says it is.
    case certificate
    /// TLS failed: a certificate of another authority, none at all, or no TLS on the other end.
    case tls
    /// The handshake took too long.
    case handshakeTimedOut = "handshake_timed_out"
    /// More connections were waiting for their handshake than may: the oldest made room.
    case tooManyHalfOpen = "too_many_half_open"
    /// A frame whose checksum does not match.
    case corrupted
    /// A frame, or a welcome, that was sent before, out of its order or on another connection.
    case replayed
    /// A frame longer than the largest message of this cluster, refused before there is room for it.
    case oversized
    /// A frame of a kind that is not known.
    case unknownFrame = "unknown_frame"
    /// A whole frame that holds no message.
    case malformedMessage = "malformed_message"
    /// A message whose sender or receiver is not what the handshake said.
    case foreignMessage = "foreign_message"
    /// The peer took nothing for too long.
    case stalled
    /// The other end refused this node, for one of these reasons.
    case refusedByPeer = "refused_by_peer"
}

extension PeerRefusal {
    /// As a handshake carries it; 0 stands for none.
    package var number: UInt8? {
        switch self {
        case .version: 1
        case .otherCluster: 2
        case .otherNode: 3
        case .notAPeer: 4
        case .certificate: 5
        case .malformedHandshake: 6
        default: nil
        }
    }

    package init?(number: UInt8) {
        guard let refusal = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = refusal
    }
}
