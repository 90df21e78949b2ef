internal import LogWire
internal import PaxosCore

// What a snapshot is, byte for byte. All numbers are little-endian.
//
//     DIR/snapshot-SLOT        SLOT with twenty digits, so that names sort as slots do
//     DIR/snapshot-SLOT.part   one that is being written, or that a crash has left: never read, and removed
//                              by the next opening
//
//     DIR/snapshot-SLOT-DIGEST.take
//                              one that another member gives to this one: what has come of it, byte for byte. Kept by an
//                              opening, so that the rest may follow; sixteen digits, and only the newest
//     DIR/snapshot-SLOT.taken  empty: the snapshot of this slot was taken so, and is whole; the log leads on from it
//                              once its base is installed, and until then it is none
//
//     head    magic "SWRSNAP\n" | version u32 | crc u32 of the head without itself | slot u64 |
//             chunk bytes u32 | bytes of the cluster's name u32 | bytes of the base u32 | zero u32 |
//             cluster name | base
//     chunks  length u32 | crc u32 | payload; as long as the head says, the last one shorter; none empty
//     tail    zero u32 | crc u32 | chunks u64 | payload bytes u64 | digest u64
//
// The checksum of a chunk is the CRC-32C of: cluster name, slot (u64), number of the chunk from 0 (u64),
// payload; that of the tail of: cluster name, slot, ~0, chunks, payload bytes, digest. So a chunk in another place, or of
// another snapshot, is as damaged as one with a flipped bit. Chunks being of one length, the place of each is
// known without those before it, and the length of the file is known from head and tail: a file that was
// not written to its end is not opened.
//
// The digest is a SipHash under the key (CRC-32C of the head, slot) of the checksum and length of each chunk: files of
// one slot and one digest are the same, byte for byte, so that what came of one can be gone on with from the other.
//
// Magic and version never change their place. The base is Base.encoded(): what whoever begins at the snapshot must
// know of the log before it (`R43`).
enum SnapshotFormat {
    static let version: UInt32 = 3
    static let magic = Array("SWRSNAP\n".utf8)
    static let chunkBytes = 1 << 18
    /// What may be read of a head, whatever it says.
    static let maxBaseBytes = 1 << 26
    static let maxChunkBytes = 1 << 24
    static let fixedHeadBytes = 40
    /// Length and checksum, before a chunk's payload.
    static let chunkHeadBytes = 8
    static let tailBytes = 32

    private static let prefix = "snapshot-"
    private static let unfinished = ".part"
    private static let coming = ".take"
    private static let taken = ".taken"

    static func path(of slot: Slot, in directory: String) -> String {
        let digits = String(slot.rawValue)
        return directory + "/" + prefix + String(repeating: "0", count: 20 - digits.count) + digits
    }

    /// Where it is written before it has its name.
    static func partPath(of slot: Slot, in directory: String) -> String {
        path(of: slot, in: directory) + unfinished
    }

    /// The slot of a snapshot by the name of its file; `nil` of other files.
    static func slot(named name: String) -> Slot? {
        guard name.hasPrefix(prefix), name.utf8.count == prefix.utf8.count + 20 else { return nil }
        let digits = name.dropFirst(prefix.count)
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = UInt64(digits), number > 0, number < Slot.limit.rawValue
        else { return nil }
        return Slot(rawValue: number)
    }

    /// Whether the name is that of a snapshot that was not finished.
    static func isUnfinished(_ name: String) -> Bool {
        name.hasSuffix(unfinished) && slot(named: String(name.dropLast(unfinished.count))) != nil
    }

    /// Where one is taken in that another member gives.
    static func takePath(of name: SnapshotName, in directory: String) -> String {
        let digits = String(name.digest, radix: 16)
        return path(of: name.slot, in: directory) + "-"
            + String(repeating: "0", count: 16 - digits.count) + digits + coming
    }

    /// Says that the snapshot of a slot was taken so.
    static func takenPath(of slot: Slot, in directory: String) -> String {
        path(of: slot, in: directory) + taken
    }

    /// Which one is taken in under this name, if one is.
    static func taking(_ name: String) -> SnapshotName? {
        guard name.hasSuffix(coming) else { return nil }
        let parts = name.dropLast(coming.count).split(
            separator: "-",
            omittingEmptySubsequences: false
        )
        guard parts.count == 3, parts[2].utf8.count == 16,
            let slot = slot(named: parts[0] + "-" + parts[1]),
            let digest = UInt64(parts[2], radix: 16)
        else { return nil }
        let found = SnapshotName(slot: slot, digest: digest)
        return takePath(of: found, in: "").dropFirst() == name ? found : nil
    }

    /// The slot of the snapshot that was taken, as this name says.
    static func taken(_ name: String) -> Slot? {
        name.hasSuffix(taken) ? slot(named: String(name.dropLast(taken.count))) : nil
    }

    /// Where a checksum of this snapshot begins.
    static func seed(_ cluster: ClusterID, _ slot: Slot) -> UInt32 {
        Checksum.of(slot.rawValue, after: Checksum.of(Array(cluster.name.utf8)))
    }
}

/// The beginning of a snapshot: whose it is, and the base.
struct SnapshotHead: Sendable {
    let cluster: ClusterID
    let base: Base
    let chunkBytes: Int
    /// Where the first chunk begins.
    let byteCount: Int

    init(cluster: ClusterID, base: Base, chunkBytes: Int) {
        self.cluster = cluster
        self.base = base
        self.chunkBytes = chunkBytes
        byteCount =
            SnapshotFormat.fixedHeadBytes + cluster.name.utf8.count + base.encoded().count
    }

    /// The digest of a snapshot that holds nothing.
    var digest: SipHash { SipHash(key: (UInt64(Checksum.of(encoded)), base.slot.rawValue)) }

    var encoded: [UInt8] {
        let name = Array(cluster.name.utf8)
        let base = base.encoded()
        var front = SnapshotFormat.magic
        front.append(littleEndian: SnapshotFormat.version)
        var rest: [UInt8] = []
        rest.append(littleEndian: self.base.slot.rawValue)
        for number in [chunkBytes, name.count, base.count, 0] {
            rest.append(littleEndian: UInt32(number))
        }
        rest += name + base
        let crc = Checksum.of(rest, after: Checksum.of(front))
        front.append(littleEndian: crc)
        return front + rest
    }

    enum Reading {
        case head(SnapshotHead)
        case otherVersion(UInt32)
        case foreign(String)
        case damaged(String)
    }

    /// The bytes that a whole head takes, as its fixed part says; not checked yet.
    static func length(_ fixed: [UInt8]) -> Int? {
        var reader = fixed.span
        guard reader.skip(SnapshotFormat.magic.count + 8), reader.uint64() != nil,
            reader.uint32() != nil, let name = reader.uint32(), let base = reader.uint32(),
            name <= 63, base <= SnapshotFormat.maxBaseBytes
        else { return nil }
        return SnapshotFormat.fixedHeadBytes + Int(name) + Int(base)
    }

    /// Reads a head of a cluster's snapshot of a slot: all of its bytes, or fewer if the file ends before.
    static func read(_ bytes: [UInt8], expecting cluster: ClusterID, _ slot: Slot) -> Reading {
        var reader = bytes.span
        guard reader.bytes(SnapshotFormat.magic.count) == SnapshotFormat.magic,
            let version = reader.uint32()
        else { return .damaged("it does not begin as a snapshot") }
        guard version == SnapshotFormat.version else { return .otherVersion(version) }
        guard let crc = reader.uint32(), let rest = reader.bytes(reader.remaining) else {
            return .damaged("its head is cut short")
        }
        let front = Array(bytes.prefix(SnapshotFormat.magic.count + 4))
        guard crc == Checksum.of(rest, after: Checksum.of(front)) else {
            return .damaged("the checksum of its head")
        }
        var fields = rest.span
        guard let named = fields.uint64(), let chunk = fields.uint32(),
            let nameBytes = fields.uint32(), let baseBytes = fields.uint32(), fields.uint32() == 0,
            let name = fields.bytes(Int(nameBytes)), fields.remaining == Int(baseBytes),
            let encoded = fields.bytes(Int(baseBytes)), let base = Base(decoding: encoded),
            (1...SnapshotFormat.maxChunkBytes).contains(Int(chunk)), base.slot.rawValue == named
        else { return .damaged("its head") }
        let found = String(decoding: name, as: UTF8.self)
        guard found == cluster.name else { return .foreign(found) }
        guard base.slot == slot else { return .damaged("it is of slot \(base.slot)") }
        return .head(SnapshotHead(cluster: cluster, base: base, chunkBytes: Int(chunk)))
    }
}

/// The end of a snapshot: how much it holds.
struct SnapshotTail {
    let chunks: UInt64
    let bytes: UInt64
    let digest: UInt64

    private func checksum(_ seed: UInt32) -> UInt32 {
        let counts = Checksum.of(
            bytes,
            after: Checksum.of(chunks, after: Checksum.of(.max, after: seed))
        )
        return Checksum.of(digest, after: counts)
    }

    func encoded(_ seed: UInt32) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.append(littleEndian: UInt32(0))
        encoded.append(littleEndian: checksum(seed))
        encoded.append(littleEndian: chunks)
        encoded.append(littleEndian: bytes)
        encoded.append(littleEndian: digest)
        return encoded
    }

    init(chunks: UInt64, bytes: UInt64, digest: UInt64) {
        self.chunks = chunks
        self.bytes = bytes
        self.digest = digest
    }

    init?(decoding encoded: [UInt8], _ seed: UInt32) {
        var reader = encoded.span
        guard reader.uint32() == 0, let crc = reader.uint32(), let chunks = reader.uint64(),
            let bytes = reader.uint64(), let digest = reader.uint64(), reader.remaining == 0
        else { return nil }
        self.init(chunks: chunks, bytes: bytes, digest: digest)
        guard crc == checksum(seed) else { return nil }
    }
}

extension SipHash {
    /// Takes in a chunk, by what stands before it in the file.
    mutating func absorb(chunk crc: UInt32, length: Int) {
        absorb(UInt64(crc) << 32 | UInt64(UInt32(length)))
    }
}
