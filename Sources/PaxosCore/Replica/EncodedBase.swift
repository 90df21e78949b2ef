/// The bytes of a base and what they are told by, at the member that hands them on.
struct EncodedBase: Sendable {
    let slot: Slot
    let digest: UInt64
    /// The host's snapshot that comes behind it.
    let name: SnapshotName?
    private let bytes: [UInt8]

    init(_ offered: OfferedBase) {
        slot = offered.base.slot
        name = offered.name
        bytes = offered.encoded()
        digest = Self.digest(of: bytes)
    }

    /// What follows an offset, as much of it as one message takes.
    func chunk(at offset: Int, atMost count: Int) -> BaseChunk {
        let end = min(bytes.count, offset + max(1, count))
        return BaseChunk(
            slot: slot,
            digest: digest,
            total: bytes.count,
            offset: offset,
            bytes: Array(bytes[offset..<end])
        )
    }

    /// True if it is the one that is meant, and has not ended there.
    func answers(_ request: BaseRequest) -> Bool {
        request.slot == slot && request.digest == digest && request.offset < bytes.count
    }

    static func digest(of bytes: [UInt8]) -> UInt64 {
        var hash = SipHash(key: (UInt64(bytes.count), 0))
        var reader = bytes.span
        while let word = reader.uint64() { hash.absorb(word) }
        var rest: UInt64 = 0
        while let byte = reader.uint8() { rest = rest << 8 | UInt64(byte) }
        hash.absorb(rest)
        return hash.finish()
    }
}

/// What has arrived of a base, in order. Kept when its sender falls silent: whoever has the same goes on from there.
struct ArrivingBase: Sendable {
    let slot: Slot
    private let digest: UInt64
    private let total: Int
    private var bytes: [UInt8]

    /// Begins with the first piece.
    init?(_ chunk: BaseChunk) {
        guard chunk.offset == 0 else { return nil }
        slot = chunk.slot
        digest = chunk.digest
        total = chunk.total
        bytes = chunk.bytes
    }

    /// Asks for what is missing.
    func request(begun: SnapshotName?) -> BaseRequest {
        BaseRequest(slot: slot, digest: digest, offset: bytes.count, begun: begun)
    }

    var isComplete: Bool { bytes.count == total }

    /// True of a piece of this base.
    func isPiece(_ chunk: BaseChunk) -> Bool {
        chunk.slot == slot && chunk.digest == digest && chunk.total == total
    }

    /// Takes the next piece; false if it is another one.
    mutating func take(_ chunk: BaseChunk) -> Bool {
        guard isPiece(chunk), chunk.offset == bytes.count else { return false }
        bytes += chunk.bytes
        return true
    }

    /// The whole base, if that is what the bytes are.
    var offered: OfferedBase? {
        guard isComplete, EncodedBase.digest(of: bytes) == digest,
            let offered = OfferedBase(decoding: bytes), offered.base.slot == slot
        else { return nil }
        return offered
    }
}

extension OfferedBase {
    /// What its pieces are told by.
    package var digest: UInt64 { EncodedBase.digest(of: encoded()) }
}
