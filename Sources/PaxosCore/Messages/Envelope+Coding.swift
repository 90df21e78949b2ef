/// The head of every message, fixed-width numbers little-endian:
///
///     bytes  what                 why
///         2  protocol version     first, so that every later version can be told
///         1  kind of message      as in `MessageKind`
///         1  length of the name   1 to 63
///         8  destination          a node takes no other node's post
///         8  recipient: boot      nor a process that of another one; 0 when members meet
///         8  recipient: nonce
///         8  recipient: heard     the highest write number that the sender has heard of that process
///         8  its stamp            as it came with that number; both zero if there is no claim
///         8  written              of a statement the number of its receipt, else the sender's newest
///         8  stamp                by which the sender knows that number again
///         8  sender: node         all of the sender is checked before the message is looked at (`R65`)
///        16  sender: incarnation  a directory that was wiped is another one (`R36`)
///         8  sender: boot         an old copy has a lower one (`R37`)
///         8  sender: nonce        a second process on a copy has another one (`R76`)
///       1-63  cluster's name
///          …  body                as its kind has it, to the end of the bytes
///
/// Where a message ends and whether its bytes arrived as they were sent is the transport's business:
/// there is no length and no checksum here. Bytes left over after the body, a kind or version that is
/// not known, a value that its type cannot hold: the whole message is refused.
extension Envelope {
    /// The version of the bytes of messages, raised with any change to them.
    public static let protocolVersion: UInt16 = 9

    /// How many bytes `encoded()` has.
    public var byteCount: Int { head.byteCount + message.byteCount }

    /// The bytes of the message, with its head. Every payload is copied once.
    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        encode(into: &bytes)
        return bytes
    }

    /// Appends the bytes of the message to others, growing the array once.
    public func encode(into bytes: inout [UInt8]) {
        let end = bytes.count + byteCount
        bytes.reserveCapacity(end)
        head.append(message.kind, to: &bytes)
        message.append(to: &bytes)
        assert(bytes.count == end, "a message has the length it says")
    }

    /// Reads one message, which the bytes hold from the first to the last; `nil` if they hold anything
    /// else. Total: no bytes trap, and none make it allocate more than a small multiple of their count.
    public init?(decoding bytes: [UInt8]) {
        self.init(decoding: bytes.span)
    }

    /// As for an array: reads one message where it lies, be it in a connection's buffer. Each payload is copied
    /// once, out of these bytes into the message.
    public init?(decoding bytes: Span<UInt8>) {
        var reader = bytes
        guard let (head, kind) = Head.read(from: &reader),
            let message = Message(kind, from: &reader), reader.remaining == 0
        else { return nil }
        self.init(head: head, message: message)
    }

    /// True if what follows the head is the same for both, and so are its bytes, told without a look at them: an
    /// Accept that was sent to each member. Of others it is not told.
    package func sharesBody(with other: Envelope) -> Bool {
        guard case .immediate(.accept(let accept)) = message,
            case .immediate(.accept(let same)) = other.message
        else { return false }
        return accept.isSame(as: same)
    }
}

extension Envelope.Head {
    private static let fixedBytes = 100

    package var byteCount: Int { Self.fixedBytes + sender.cluster.name.utf8.count }

    /// Appends the head of a message of a kind; the message's bytes follow.
    package func append(_ kind: MessageKind, to bytes: inout [UInt8]) {
        let name = sender.cluster.name.utf8
        bytes.append(addingCapacity: Self.fixedBytes) { output in
            output.append(littleEndian: Envelope.protocolVersion)
            output.append(kind.rawValue)
            output.append(UInt8(truncatingIfNeeded: name.count))
            output.append(littleEndian: destination.rawValue)
            output.append(littleEndian: recipient?.boot.rawValue ?? 0)
            output.append(littleEndian: recipient?.nonce.rawValue ?? 0)
            output.append(littleEndian: heard.rawValue)
            output.append(littleEndian: tag)
            output.append(littleEndian: written.rawValue)
            output.append(littleEndian: stamp)
            sender.appendNumbers(to: &output)
        }
        bytes.append(contentsOf: name)
    }

    fileprivate static func read(from reader: inout ByteReader) -> (Self, MessageKind)? {
        guard reader.uint16() == Envelope.protocolVersion,
            let kind = reader.uint8().flatMap(MessageKind.init(rawValue:)),
            let nameBytes = reader.uint8(), let destination = reader.node(),
            let boot = reader.uint64(), let nonce = reader.uint64(), boot > 0 || nonce == 0,
            let heard = reader.uint64(), let tag = reader.uint64(), let written = reader.uint64(),
            let stamp = reader.uint64(), written > 0,
            let sender = NodeIdentity(from: &reader, nameBytes: Int(nameBytes))
        else { return nil }
        let head = Self(
            sender: sender,
            destination: destination,
            recipient: boot == 0 ? nil : ProcessID(boot: Boot(boot), nonce: Nonce(nonce)),
            written: WriteNumber(written),
            stamp: stamp,
            heard: WriteNumber(heard),
            tag: tag
        )
        return (head, kind)
    }
}

extension NodeIdentity {
    /// The sender's numbers, as in the table above; the name follows elsewhere.
    package func appendNumbers(to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: Width.node + Width.presence) { appendNumbers(to: &$0) }
    }

    fileprivate func appendNumbers(to output: inout OutputSpan<UInt8>) {
        output.append(littleEndian: node.rawValue)
        output.append(littleEndian: incarnation.high)
        output.append(littleEndian: incarnation.low)
        output.append(littleEndian: boot.rawValue)
        output.append(littleEndian: nonce.rawValue)
    }

    /// Numbers and, behind them, a name of so many bytes.
    package init?(from reader: inout ByteReader, nameBytes: Int) {
        guard let node = reader.node(), let high = reader.uint64(), let low = reader.uint64(),
            let boot = reader.uint64(), let nonce = reader.uint64(),
            let name = reader.bytes(nameBytes),
            // Bytes that are no UTF-8 become characters that no name may hold.
            let cluster = try? ClusterID(String(decoding: name, as: UTF8.self))
        else { return nil }
        self.init(
            cluster: cluster,
            node: node,
            incarnation: Incarnation(high: high, low: low),
            boot: Boot(boot),
            nonce: Nonce(nonce)
        )
    }
}
