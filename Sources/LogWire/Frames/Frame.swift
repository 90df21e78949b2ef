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
package struct FrameHead: Hashable, Sendable {
    static let byteCount = 32
    static let envelopeKind: UInt32 = 1
    private static let checkedBytes = 28

    let bodyBytes: Int
    let tag: UInt64
    let number: UInt64
    let bodyChecksum: UInt32

    /// Reads a head from the front of what has arrived and leaves it there.
    ///
    /// - Returns: `nil` if its end has not arrived yet.
    static func peek(
        at received: ReceivedBytes,
        maxBodyBytes: Int
    ) throws(PeerRefusal) -> FrameHead? {
        guard received.count >= byteCount else { return nil }
        var reader = ByteReader(Array(received.peek(byteCount)))
        guard let length = reader.uint32(), let kind = reader.uint32(), let tag = reader.uint64(),
            let number = reader.uint64(), let bodyChecksum = reader.uint32(),
            reader.uint32() == received.checksum(of: checkedBytes)
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
}

/// Takes frames apart. Total: no bytes trap.
package struct FrameReader: Sendable {
    /// What the frames must carry; `nil` takes the first frame's.
    private var tag: UInt64?
    private var number: UInt64 = 0
    private let maxBodyBytes: Int

    package init(tag: UInt64?, maxBodyBytes: Int) {
        self.tag = tag
        self.maxBodyBytes = maxBodyBytes
    }

    /// Takes the next body from the front of what has arrived.
    ///
    /// - Returns: `nil` if its end has not arrived yet.
    package mutating func next(
        from received: inout ReceivedBytes
    ) throws(PeerRefusal) -> [UInt8]? {
        guard let head = try FrameHead.peek(at: received, maxBodyBytes: maxBodyBytes) else {
            return nil
        }
        guard head.tag == tag ?? head.tag, head.number == number + 1 else { throw .replayed }
        guard received.count >= FrameHead.byteCount + head.bodyBytes else { return nil }
        _ = received.take(FrameHead.byteCount)
        guard received.checksum(of: head.bodyBytes) == head.bodyChecksum else {
            throw .corrupted
        }
        tag = head.tag
        number = head.number
        return received.take(head.bodyBytes)
    }
}

/// Puts envelopes into frames.
package struct FrameWriter: Sendable {
    private let tag: UInt64
    private var number: UInt64 = 0

    package init(tag: UInt64) {
        self.tag = tag
    }

    /// Appends one frame to others.
    package mutating func append(_ envelope: Envelope, to bytes: inout [UInt8]) {
        number += 1
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: FrameHead.byteCount))
        envelope.encode(into: &bytes)
        let body = start + FrameHead.byteCount
        var head: [UInt8] = []
        head.reserveCapacity(FrameHead.byteCount)
        head.append(littleEndian: UInt32(truncatingIfNeeded: bytes.count - body))
        head.append(littleEndian: FrameHead.envelopeKind)
        head.append(littleEndian: tag)
        head.append(littleEndian: number)
        head.append(
            littleEndian: bytes.withUnsafeBytes {
                Checksum.of(UnsafeRawBufferPointer(rebasing: $0[body...]))
            }
        )
        head.append(littleEndian: head.withUnsafeBytes { Checksum.of($0) })
        bytes.replaceSubrange(start..<body, with: head)
    }
}
