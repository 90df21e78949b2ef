/// Asks for what follows an offset of the host's snapshot that was offered with a base.
///
///     bytes  what
///         8  slot of the snapshot
///         8  its digest
///         8  offset into its file
package struct SnapshotRequest {
    package let name: SnapshotName
    package let offset: UInt64

    package init(name: SnapshotName, offset: UInt64) {
        self.name = name
        self.offset = offset
    }
}

extension SnapshotRequest: MessageBody {
    package static let kind = MessageKind.snapshotRequest
    package static let lane = Lane.log
    package var message: Message { .immediate(.snapshotRequest(self)) }

    package var byteCount: Int { Width.slot + 8 + 8 }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(slot: name.slot)
        bytes.append(littleEndian: name.digest)
        bytes.append(littleEndian: offset)
    }

    package init?(from reader: inout ByteReader) {
        guard let slot = reader.slot(), let digest = reader.uint64(),
            let offset = reader.uint64()
        else { return nil }
        self.init(name: SnapshotName(slot: slot, digest: digest), offset: offset)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        name.slot > .zero && name.slot.isPossible && offset < OfferedBase.mostSnapshotBytes
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell("slot", name.slot)
        facts.tell("offset", offset)
    }

    package func text(_ name: (Entry) -> String) -> String {
        "snapshot? slot=\(self.name.slot) from=\(offset)"
    }
}

/// A piece of the file of a snapshot, which carries the checksums of what it holds. Without bytes: it is not here,
/// or not any more.
///
///     bytes  what
///         8  slot of the snapshot
///         8  its digest: pieces of one name belong together, whoever sends them
///         8  offset
///       4+n  what the file holds from there on
package struct SnapshotPiece {
    package let name: SnapshotName
    package let offset: UInt64
    package let bytes: [UInt8]

    package init(name: SnapshotName, offset: UInt64, bytes: [UInt8]) {
        self.name = name
        self.offset = offset
        self.bytes = bytes
    }
}

extension SnapshotPiece: MessageBody {
    package static let kind = MessageKind.snapshotPiece
    package static let lane = Lane.log
    package var message: Message { .immediate(.snapshotPiece(self)) }

    package var byteCount: Int { Width.slot + 8 + 8 + Width.payload + bytes.count }

    package func append(to all: inout [UInt8]) {
        all.append(slot: name.slot)
        all.append(littleEndian: name.digest)
        all.append(littleEndian: offset)
        all.append(payload: bytes)
    }

    package init?(from reader: inout ByteReader) {
        guard let slot = reader.slot(), let digest = reader.uint64(),
            let offset = reader.uint64(), let bytes = reader.payload()
        else { return nil }
        self.init(
            name: SnapshotName(slot: slot, digest: digest),
            offset: offset,
            bytes: bytes
        )
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        name.slot > .zero && name.slot.isPossible
            && offset < OfferedBase.mostSnapshotBytes - UInt64(bytes.count)
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell("slot", name.slot)
        facts.tell("offset", offset)
        facts.tell("bytes", UInt64(bytes.count))
    }

    package func text(_ name: (Entry) -> String) -> String {
        let first = "snapshot slot=\(self.name.slot) "
        guard !bytes.isEmpty else { return first + "gone" }
        return first + "bytes=\(offset)..<\(offset + UInt64(bytes.count))"
    }
}
