package import PaxosCore

/// What follows the handshake: frames, each a head and the bytes of one envelope. They go from the end that
/// connected to the other one; back comes nothing but the word that the process which connected does not
/// count. Numbers are little-endian:
///
///     bytes  what                 why
///         4  length of the body   checked against `Limits.maxEnvelopeBytes` before the body is waited for
///         4  kind                 1, an envelope
///         8  tag                  that the receiver drew for this connection: a frame of another one is refused
///         8  number               from 1, one more each: a frame that was repeated, left out or moved is refused
///         4  CRC-32C of the body
///         4  CRC-32C of the head  of the 28 bytes before: a length that was damaged is never waited for
///         …  body
///
/// One bad frame ends the connection: behind it nothing can be told apart. What was lost is sent again by
/// the protocol, on the next connection.
struct FrameHead {
    static let byteCount = 32
    static let envelopeKind: UInt32 = 1
    private static let checkedBytes = 28

    let bodyBytes: Int
    let tag: UInt64
    let number: UInt64
    let bodyChecksum: UInt32

    /// Reads a head from the front of what has arrived.
    ///
    /// - Returns: `nil` if its end has not arrived yet.
    fileprivate static func peek(
        at arrived: ByteReader,
        maxBodyBytes: Int
    ) throws(PeerRefusal) -> FrameHead? {
        guard arrived.remaining >= byteCount else { return nil }
        var reader = arrived
        guard let length = reader.uint32(), let kind = reader.uint32(), let tag = reader.uint64(),
            let number = reader.uint64(), let bodyChecksum = reader.uint32(),
            reader.uint32() == Checksum.of(arrived.extracting(first: checkedBytes))
        else { throw .corrupted }
        guard kind == envelopeKind else { throw .unknownFrame }
        guard length <= maxBodyBytes else { throw .oversized }
        return FrameHead(
            bodyBytes: Int(length),
            tag: tag,
            number: number,
            bodyChecksum: bodyChecksum
        )
    }

    /// Writes it over the first bytes of a frame.
    fileprivate func write(over frame: UnsafeMutableRawBufferPointer) {
        let head = UnsafeMutableRawBufferPointer(rebasing: frame[..<Self.byteCount])
        head.storeBytes(of: UInt32(bodyBytes).littleEndian, as: UInt32.self)
        head.storeBytes(of: Self.envelopeKind.littleEndian, toByteOffset: 4, as: UInt32.self)
        head.storeBytes(of: tag.littleEndian, toByteOffset: 8, as: UInt64.self)
        head.storeBytes(of: number.littleEndian, toByteOffset: 16, as: UInt64.self)
        head.storeBytes(of: bodyChecksum.littleEndian, toByteOffset: 24, as: UInt32.self)
        let checked = UnsafeRawBufferPointer(rebasing: head[..<Self.checkedBytes])
        let checksum = Checksum.of(checked).littleEndian
        head.storeBytes(of: checksum, toByteOffset: Self.checkedBytes, as: UInt32.self)
    }
}

/// Takes frames apart. Total: no bytes trap.
package struct FrameReader: Sendable {
    /// What the frames must carry; `nil` takes the first frame's.
    private var tag: UInt64?
    private var number: UInt64 = 0
    private let maxBodyBytes: Int
    private var received = ReceivedBytes()

    package init(tag: UInt64?, maxBodyBytes: Int) {
        self.tag = tag
        self.maxBodyBytes = maxBodyBytes
    }

    /// How many bytes of a frame wait for more.
    package var waiting: Int { received.count }

    /// Reads the next body where it lies, and takes its frame from the front of what has arrived.
    ///
    /// - Returns: What `body` makes of it; `nil` if its end has not arrived yet, and all that has is kept.
    package mutating func next<Body>(
        from arrived: inout ByteReader,
        _ body: (ByteReader) throws(PeerRefusal) -> Body
    ) throws(PeerRefusal) -> Body? {
        let (maxBodyBytes, tag, number) = (maxBodyBytes, tag, number + 1)
        let taken: (body: Body, tag: UInt64)? = try received.next(from: &arrived) {
            (bytes) throws(PeerRefusal) in
            guard let head = try FrameHead.peek(at: bytes, maxBodyBytes: maxBodyBytes) else {
                return .needs(FrameHead.byteCount)
            }
            guard head.tag == tag ?? head.tag, head.number == number else { throw .replayed }
            let end = FrameHead.byteCount + head.bodyBytes
            guard bytes.remaining >= end else { return .needs(end) }
            let span = bytes.extracting(FrameHead.byteCount..<end)
            guard Checksum.of(span) == head.bodyChecksum else { throw .corrupted }
            return .whole((try body(span), head.tag), bytes: end)
        }
        guard let taken else { return nil }
        self.tag = taken.tag
        self.number = number
        return taken.body
    }
}

/// Puts envelopes into frames.
package struct FrameWriter: Sendable {
    /// What a frame has beside its message.
    package static let headBytes = FrameHead.byteCount

    private let tag: UInt64
    private var number: UInt64 = 0

    package init(tag: UInt64) {
        self.tag = tag
    }

    /// Appends one frame to others.
    package mutating func append(_ envelope: Envelope, to bytes: inout [UInt8]) {
        let start = Self.reserveHead(FrameHead.byteCount + envelope.byteCount, in: &bytes)
        envelope.encode(into: &bytes)
        writeHead(at: start, body: [], in: &bytes)
    }

    /// Appends what of a frame stands before the body of its message, which is to follow: that may be the same
    /// for other receivers, whose heads are not.
    package mutating func append(
        _ head: Envelope.Head,
        _ kind: MessageKind,
        before body: [UInt8],
        to bytes: inout [UInt8]
    ) {
        let start = Self.reserveHead(FrameHead.byteCount + head.byteCount, in: &bytes)
        head.append(kind, to: &bytes)
        writeHead(at: start, body: body, in: &bytes)
    }

    private static func reserveHead(_ count: Int, in bytes: inout [UInt8]) -> Int {
        let start = bytes.count
        bytes.reserveCapacity(start + count)
        bytes.append(addingCapacity: FrameHead.byteCount) {
            $0.append(repeating: 0, count: FrameHead.byteCount)
        }
        return start
    }

    /// - Parameter body: What follows the last of the bytes.
    private mutating func writeHead(at start: Int, body: [UInt8], in bytes: inout [UInt8]) {
        number += 1
        bytes.withUnsafeMutableBytes { bytes in
            let frame = UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
            let written = UnsafeRawBufferPointer(rebasing: frame[FrameHead.byteCount...])
            let head = FrameHead(
                bodyBytes: written.count + body.count,
                tag: tag,
                number: number,
                bodyChecksum: Checksum.of(body, after: Checksum.of(written))
            )
            head.write(over: frame)
        }
    }
}
