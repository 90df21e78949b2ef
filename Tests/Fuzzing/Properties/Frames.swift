internal import LogWire
internal import PaxosCore

/// Frames. Bits of the form, beside the first: 1, the reader knows the connection's tag; 2, tags and
/// numbers are made right too.
enum Frames {
    static let tag: UInt64 = 0x11
    static let maxBodyBytes = 2_048
    private static let headBytes = 32

    struct Outcome: Equatable {
        var bodies: [[UInt8]] = []
        var refusal: PeerRefusal?
        /// How many bytes wait for more.
        var left = 0
    }

    static func check(_ input: inout Input) throws(Violation) -> Bool {
        var stream = input.bytes
        if input.mends { mend(&stream, from: 0, mendsPlaces: input.has(bit: 2)) }
        let tag = input.has(bit: 1) ? tag : nil
        let whole = read(stream, in: [stream.indices], tag: tag)
        let pieces = input.pieces(of: stream.count)
        try require(
            read(stream, in: pieces, tag: tag).isSame(as: whole),
            "frames depend on the pieces that they come in"
        )
        let end = try checkHeads(of: whole, in: stream, tag: tag)
        try checkWait(whole, in: stream, from: end)
        guard !whole.bodies.isEmpty else { return false }
        try checkWriting(whole, in: stream)
        try checkFlip(whole, in: stream, tag: tag, bit: input.below(8 * end))
        return true
    }

    /// Makes the checksums of frames right, as far as the lengths that they claim lead.
    static func mend(_ stream: inout [UInt8], from start: Int, mendsPlaces: Bool) {
        var head = start
        var number: UInt64 = 0
        while stream.hasNumber(at: head, bytes: headBytes) {
            number += 1
            if mendsPlaces {
                stream.put(tag, at: head + 8)
                stream.put(number, at: head + 16)
            }
            let body = head + headBytes
            let end = body + Int(stream.number(at: head, as: UInt32.self))
            if end <= stream.count { stream.put(stream.checksum(body..<end), at: head + 24) }
            stream.put(stream.checksum(head..<head + 28), at: head + 28)
            head = end
        }
    }

    private static func read(_ stream: [UInt8], in pieces: [Range<Int>], tag: UInt64?) -> Outcome {
        var outcome = Outcome()
        var reader = FrameReader(tag: tag, maxBodyBytes: maxBodyBytes)
        do throws(PeerRefusal) {
            for piece in pieces {
                // An allocation of its own: a look beyond the end is one beyond an allocation.
                let piece = Array(stream[piece])
                var arrived = piece.span
                while let body = try reader.next(from: &arrived, Self.copy) {
                    outcome.bodies.append(body)
                }
                outcome.left = reader.waiting + arrived.remaining
            }
        } catch {
            outcome.refusal = error
        }
        return outcome
    }

    private static func copy(_ body: Span<UInt8>) -> [UInt8] {
        var body = body
        return body.bytes(body.remaining) ?? []
    }

    /// Before every body stands the head that it needs.
    private static func checkHeads(
        of outcome: Outcome,
        in stream: [UInt8],
        tag: UInt64?
    ) throws(Violation) -> Int {
        var head = 0
        for (index, body) in outcome.bodies.enumerated() {
            let start = head + headBytes
            let end = start + body.count
            try require(end <= stream.count, "a body that did not arrive")
            try require(Array(stream[start..<end]) == body, "a body that was not sent")
            try require(body.count <= maxBodyBytes, "a body beyond the limit")
            let tag = tag ?? stream.number(at: 8)
            try require(
                stream.number(at: head) == UInt32(body.count)
                    && stream.number(at: head + 4) == UInt32(1)
                    && stream.number(at: head + 8) == tag
                    && stream.number(at: head + 16) == UInt64(index + 1)
                    && stream.number(at: head + 24) == body.checksum()
                    && stream.number(at: head + 28) == stream.checksum(head..<head + 28),
                "frame \(index + 1) was taken with a wrong head"
            )
            head = end
        }
        return head
    }

    /// What waits for more bytes waits for some that can come.
    private static func checkWait(
        _ outcome: Outcome,
        in stream: [UInt8],
        from end: Int
    ) throws(Violation) {
        guard outcome.refusal == nil else { return }
        try require(outcome.left == stream.count - end, "bytes were dropped")
        guard outcome.left >= headBytes else { return }
        let claimed = Int(stream.number(at: end, as: UInt32.self))
        try require(claimed <= maxBodyBytes, "a body beyond the limit is waited for")
        try require(outcome.left < headBytes + claimed, "a whole frame is not taken")
    }

    /// Messages are written again as they came.
    private static func checkWriting(_ outcome: Outcome, in stream: [UInt8]) throws(Violation) {
        var writer = FrameWriter(tag: stream.number(at: 8))
        var written: [UInt8] = []
        for body in outcome.bodies {
            guard let envelope = Envelope(decoding: body) else { break }
            writer.append(envelope, to: &written)
        }
        try require(stream.starts(with: written), "frames are written as others than were read")
    }

    /// With one bit flipped, only what comes before it is taken, and the rest is refused.
    private static func checkFlip(
        _ outcome: Outcome,
        in stream: [UInt8],
        tag: UInt64?,
        bit: Int
    ) throws(Violation) {
        var before = 0
        var end = headBytes + outcome.bodies[0].count
        while end <= bit / 8 {
            before += 1
            end += headBytes + outcome.bodies[before].count
        }
        let damaged = stream.flipping(bit: bit)
        let taken = read(damaged, in: [damaged.indices], tag: tag)
        try require(
            taken.bodies == Array(outcome.bodies[..<before]) && taken.refusal == .corrupted,
            "with bit \(bit) flipped, \(taken.bodies.count) frames and \(String(describing: taken.refusal))"
        )
    }
}

extension Frames.Outcome {
    /// After a refusal nobody looks at what is left.
    fileprivate func isSame(as other: Self) -> Bool {
        bodies == other.bodies && refusal == other.refusal
            && (refusal != nil || left == other.left)
    }
}
