package import PaxosCore

/// What both ends of a connection say first. The end that connected greets; the other one welcomes or
/// refuses it. Numbers are little-endian:
///
///     bytes  what                 why
///         8  89 52 4C 4F 47 0D 0A 1A   no text, no TLS, no other protocol begins like this
///         1  kind                 1 greeting, 2 welcome, 3 refusal
///         1  reason               of a refusal, as `PeerRefusal.number`; else 0
///         2  lowest version       of the protocol that this end speaks
///         2  highest version      the highest that both speak is spoken
///         1  length of the name   1 to 63
///         1  lane                 0 the log, 1 liveness: what this connection carries
///         8  destination          the node this end believes it has reached
///         8  tag                  drawn for the connection; the other end's frames carry it
///         8  echo                 the other end's tag; 0 in a greeting
///        48  sender               node, incarnation, boot, nonce, as in the head of an envelope; of a
///                                 refusal the node alone: who is refused learns no more
///      1-63  cluster's name
///         4  CRC-32C              of everything before
///
/// Tag and echo make a recorded connection worthless: neither a welcome nor a frame can be played again.
/// They are no secret, and a checksum is no signature: who can write into the network needs TLS to be
/// kept out.
package struct Handshake: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case greeting
        case welcome
        case refusal(PeerRefusal)
    }

    package let kind: Kind
    /// A peer makes a connection for each, so that what is urgent stands behind nothing (`R61`).
    package let lane: Lane
    package let versions: ClosedRange<UInt16>
    package let destination: NodeID
    package let tag: UInt64
    package let echo: UInt64
    package let sender: NodeIdentity

    package init(
        kind: Kind,
        lane: Lane = .log,
        versions: ClosedRange<UInt16> = Self.versions,
        destination: NodeID,
        tag: UInt64,
        echo: UInt64,
        sender: NodeIdentity
    ) {
        self.kind = kind
        self.lane = lane
        self.versions = versions
        self.destination = destination
        self.tag = tag
        self.echo = echo
        self.sender = sender
    }

    /// The versions of the protocol that this code speaks.
    package static let versions = Envelope.protocolVersion...Envelope.protocolVersion
}

extension Handshake {
    static let magic: [UInt8] = [0x89, 0x52, 0x4C, 0x4F, 0x47, 0x0D, 0x0A, 0x1A]
    private static let fixedBytes = 80
    private static let namePlace = 14
    private static let checksumBytes = 4
    /// The longest handshake.
    package static let maxBytes = fixedBytes + 63 + checksumBytes

    package func encoded() -> [UInt8] {
        var bytes = Self.magic
        let name = sender.cluster.name.utf8
        bytes.append(kind.number)
        bytes.append(kind.reason)
        bytes.append(littleEndian: versions.lowerBound)
        bytes.append(littleEndian: versions.upperBound)
        bytes.append(UInt8(truncatingIfNeeded: name.count))
        bytes.append(lane == .liveness ? 1 : 0)
        bytes.append(littleEndian: destination.rawValue)
        bytes.append(littleEndian: tag)
        bytes.append(littleEndian: echo)
        sender.appendNumbers(to: &bytes)
        bytes.append(contentsOf: name)
        bytes.append(littleEndian: bytes.withUnsafeBytes { Checksum.of($0) })
        return bytes
    }

    /// Looks for a handshake in the first bytes of a connection.
    ///
    /// - Throws: `notTheProtocol` with the first byte that differs, `malformedHandshake`.
    package static func look(
        at arrived: ByteReader
    ) throws(PeerRefusal) -> ReceivedBytes.Look<Handshake> {
        for place in 0..<min(arrived.remaining, magic.count) where arrived[place] != magic[place] {
            throw .notTheProtocol
        }
        guard arrived.remaining >= fixedBytes else { return .needs(fixedBytes) }
        let nameBytes = Int(arrived[namePlace])
        guard (1...63).contains(nameBytes) else { throw .malformedHandshake }
        let end = fixedBytes + nameBytes
        guard arrived.remaining >= end + checksumBytes else { return .needs(end + checksumBytes) }
        var reader = arrived.extracting(first: end + checksumBytes)
        guard let handshake = Handshake(from: &reader),
            reader.uint32() == Checksum.of(arrived.extracting(first: end))
        else { throw .malformedHandshake }
        return .whole(handshake, bytes: end + checksumBytes)
    }

    /// Everything but the checksum.
    private init?(from reader: inout ByteReader) {
        guard reader.skip(Self.magic.count),
            let kindNumber = reader.uint8(), let reason = reader.uint8(),
            let kind = Kind(kindNumber, reason: reason),
            let lowest = reader.uint16(), let highest = reader.uint16(), lowest <= highest,
            let nameBytes = reader.uint8(), let lane = reader.uint8(), lane <= 1,
            let destination = reader.uint64().flatMap(NodeID.init(rawValue:)),
            let tag = reader.uint64(), let echo = reader.uint64(),
            let sender = NodeIdentity(from: &reader, nameBytes: Int(nameBytes))
        else { return nil }
        self.init(
            kind: kind,
            lane: lane == 1 ? .liveness : .log,
            versions: lowest...highest,
            destination: destination,
            tag: tag,
            echo: echo,
            sender: sender
        )
    }
}

extension Handshake.Kind {
    fileprivate var number: UInt8 {
        switch self {
        case .greeting: 1
        case .welcome: 2
        case .refusal: 3
        }
    }

    fileprivate var reason: UInt8 {
        if case .refusal(let refusal) = self { refusal.number ?? 0 } else { 0 }
    }

    fileprivate init?(_ number: UInt8, reason: UInt8) {
        switch (number, reason) {
        case (1, 0): self = .greeting
        case (2, 0): self = .welcome
        case (3, _):
            guard let refusal = PeerRefusal(number: reason) else { return nil }
            self = .refusal(refusal)
        default: return nil
        }
    }
}
