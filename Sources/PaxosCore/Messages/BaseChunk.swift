/// Asks for what the log did up to the trim point of the answering node, since the rows are not there any more:
/// for all of it, or for what is missing of one that has begun to arrive.
///
///     bytes  what
///         8  slot of the base that has begun to arrive, else 0
///         8  digest of its bytes
///         4  how many of them are here
///         8  slot of the host's snapshot that has begun to arrive, else 0
///         8  its digest
package struct BaseRequest {
    package let slot: Slot
    package let digest: UInt64
    package let offset: Int
    package let begun: SnapshotName?

    package init(
        slot: Slot = .zero,
        digest: UInt64 = 0,
        offset: Int = 0,
        begun: SnapshotName? = nil
    ) {
        self.slot = slot
        self.digest = digest
        self.offset = offset
        self.begun = begun
    }
}

extension BaseRequest: MessageBody {
    package static let kind = MessageKind.baseRequest
    package static let lane = Lane.log
    package var message: Message { .immediate(.baseRequest(self)) }

    package var byteCount: Int { 2 * Width.slot + 8 + 4 + 8 }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(slot: slot)
        bytes.append(littleEndian: digest)
        bytes.append(littleEndian: UInt32(offset))
        bytes.append(slot: begun?.slot ?? .zero)
        bytes.append(littleEndian: begun?.digest ?? 0)
    }

    package init?(from reader: inout ByteReader) {
        guard let slot = reader.slot(), let digest = reader.uint64(),
            let offset = reader.uint32().flatMap({ Int(exactly: $0) }),
            let snapshot = reader.slot(), let begun = reader.uint64(),
            snapshot > .zero || begun == 0
        else { return nil }
        self.init(
            slot: slot,
            digest: digest,
            offset: offset,
            begun: snapshot > .zero ? SnapshotName(slot: snapshot, digest: begun) : nil
        )
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        offset < Base.mostBytes && (slot > .zero || offset == 0) && slot.isPossible
            && begun?.slot.isPossible ?? true
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell("slot", slot)
        facts.tell("offset", UInt64(offset))
    }

    package func text(_ name: (Entry) -> String) -> String {
        let begun = begun.map { " begun=\($0.slot)" } ?? ""
        return (slot > .zero ? "base? slot=\(slot) from=\(offset)" : "base?") + begun
    }
}

/// A piece of a base: `offset` and what follows of its bytes, as `OfferedBase.encoded()` has them. Whoever has all of them
/// knows what the log did up to the slot, under which ballot nothing was chosen beyond, and goes on from there
/// (`R43`).
///
///     bytes  what
///         8  slot of the base
///         8  digest of all its bytes: pieces of one base belong together, whoever sends them
///         4  count of all its bytes
///         4  offset
///       4+n  the piece, at least one byte
package struct BaseChunk {
    package let slot: Slot
    package let digest: UInt64
    package let total: Int
    package let offset: Int
    package let bytes: [UInt8]

    package init(slot: Slot, digest: UInt64, total: Int, offset: Int, bytes: [UInt8]) {
        self.slot = slot
        self.digest = digest
        self.total = total
        self.offset = offset
        self.bytes = bytes
    }
}

extension BaseChunk: MessageBody {
    package static let kind = MessageKind.baseChunk
    package static let lane = Lane.log
    package var message: Message { .immediate(.baseChunk(self)) }

    package var byteCount: Int { Width.slot + 16 + Width.payload + bytes.count }

    package func append(to all: inout [UInt8]) {
        all.append(slot: slot)
        all.append(littleEndian: digest)
        all.append(littleEndian: UInt32(total))
        all.append(littleEndian: UInt32(offset))
        all.append(payload: bytes)
    }

    package init?(from reader: inout ByteReader) {
        guard let slot = reader.slot(), let digest = reader.uint64(),
            let total = reader.uint32().flatMap({ Int(exactly: $0) }),
            let offset = reader.uint32().flatMap({ Int(exactly: $0) }),
            let bytes = reader.payload()
        else { return nil }
        self.init(slot: slot, digest: digest, total: total, offset: offset, bytes: bytes)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        slot > .zero && slot.isPossible && total <= Base.mostBytes && !bytes.isEmpty
            && offset < total && bytes.count <= total - offset
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell("slot", slot)
        facts.tell("offset", UInt64(offset))
        facts.tell("total", UInt64(total))
    }

    package func text(_ name: (Entry) -> String) -> String {
        "base slot=\(slot) bytes=\(offset)..<\(offset + bytes.count) of \(total)"
    }
}
