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
    public static let protocolVersion: UInt16 = 7

    private static let fixedHeadBytes = 100

    /// How many bytes `encoded()` has. Takes time proportional to the count of entries.
    public var byteCount: Int {
        Self.fixedHeadBytes + sender.cluster.name.utf8.count + message.byteCount
    }

    /// The bytes of the message, with its head. Every payload is copied once.
    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        encode(into: &bytes)
        return bytes
    }

    /// Appends the bytes of the message to others, growing the array once.
    public func encode(into bytes: inout [UInt8]) {
        let name = sender.cluster.name.utf8
        let end = bytes.count + Self.fixedHeadBytes + name.count + message.byteCount
        bytes.reserveCapacity(end)
        bytes.append(littleEndian: Self.protocolVersion)
        bytes.append(message.kind.rawValue)
        bytes.append(UInt8(truncatingIfNeeded: name.count))
        bytes.append(node: destination)
        bytes.append(littleEndian: recipient?.boot.rawValue ?? 0)
        bytes.append(littleEndian: recipient?.nonce.rawValue ?? 0)
        bytes.append(littleEndian: heard.rawValue)
        bytes.append(littleEndian: tag)
        bytes.append(littleEndian: written.rawValue)
        bytes.append(littleEndian: stamp)
        sender.appendNumbers(to: &bytes)
        bytes.append(contentsOf: name)
        message.append(to: &bytes)
        assert(bytes.count == end, "a message has the length it says")
    }

    /// Reads one message, which the bytes hold from the first to the last; `nil` if they hold anything
    /// else. Total: no bytes trap, and none make it allocate more than a small multiple of their count.
    public init?(decoding bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard reader.uint16() == Self.protocolVersion,
            let kind = reader.uint8().flatMap(MessageKind.init(rawValue:)),
            let nameBytes = reader.uint8(), let destination = reader.node(),
            let boot = reader.uint64(), let nonce = reader.uint64(), boot > 0 || nonce == 0,
            let heard = reader.uint64(), let tag = reader.uint64(), let written = reader.uint64(),
            let stamp = reader.uint64(), written > 0,
            let sender = NodeIdentity(from: &reader, nameBytes: Int(nameBytes)),
            let message = Message(kind, from: &reader), reader.remaining == 0
        else { return nil }
        let recipient = boot == 0 ? nil : ProcessID(boot: Boot(boot), nonce: Nonce(nonce))
        self.init(
            sender: sender,
            destination: destination,
            recipient: recipient,
            written: WriteNumber(written),
            stamp: stamp,
            claim: (WriteNumber(heard), tag),
            message: message
        )
    }
}

extension NodeIdentity {
    /// The sender's numbers, as in the table above; the name follows elsewhere.
    package func appendNumbers(to bytes: inout [UInt8]) {
        bytes.append(node: node)
        bytes.append(littleEndian: incarnation.high)
        bytes.append(littleEndian: incarnation.low)
        bytes.append(littleEndian: boot.rawValue)
        bytes.append(littleEndian: nonce.rawValue)
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
