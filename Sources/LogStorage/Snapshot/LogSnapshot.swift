internal import LogWire
public import PaxosCore
internal import Platform

/// A snapshot of this node, open for reading; see `LogNode.latestSnapshot`.
///
/// It can be read for as long as it is held, also after newer ones have taken its place.
public final class LogSnapshot: Sendable {
    /// What is known of a snapshot without reading it.
    public struct Info: Hashable, Sendable {
        /// It holds the host's state after this slot.
        public let slot: Slot
        /// How many bytes the host has written.
        public let bytes: UInt64
    }

    /// What it is of, and how much it holds.
    public let info: LogSnapshot.Info
    /// What the log up to the slot did.
    package let base: Base
    package let path: String
    package let chunks: UInt64
    /// Which one, wherever it is, and how long its file is.
    package let name: SnapshotName
    package let fileBytes: UInt64
    private let file: ReadOnlyFile
    private let head: SnapshotHead
    private let seed: UInt32
    /// Told of a chunk that is not what was written.
    private let onDamage: @Sendable (SnapshotError) -> Void

    /// Opens one whose head and tail are as they were written, and whose file has the length that they
    /// tell. Blocking.
    package convenience init(
        of slot: Slot,
        cluster: ClusterID,
        in directory: String,
        onDamage: @escaping @Sendable (SnapshotError) -> Void = { _ in }
    ) throws(SnapshotError) {
        let path = SnapshotFormat.path(of: slot, in: directory)
        try self.init(of: slot, cluster: cluster, at: path, onDamage: onDamage)
    }

    /// As the other, of a file of any name.
    init(
        of slot: Slot,
        cluster: ClusterID,
        at path: String,
        onDamage: @escaping @Sendable (SnapshotError) -> Void = { _ in }
    ) throws(SnapshotError) {
        let file: ReadOnlyFile
        do throws(PosixError) {
            file = try ReadOnlyFile(path: path)
        } catch {
            throw SnapshotError(error)
        }
        let (head, length) = try Self.head(of: file, cluster, slot)
        let seed = SnapshotFormat.seed(cluster, slot)
        let tailBytes = SnapshotFormat.tailBytes
        let end = try Self.read(file, at: max(0, length - Int64(tailBytes)), count: tailBytes)
        guard let tail = SnapshotTail(decoding: end, seed), tail.bytes <= UInt64(length) else {
            throw .damaged(path: path, detail: "its end is missing or not what was written")
        }
        let chunkBytes = UInt64(head.chunkBytes)
        let chunks = tail.bytes / chunkBytes + (tail.bytes % chunkBytes == 0 ? 0 : 1)
        let beside = UInt64(head.byteCount + tailBytes)
        let expected = beside + tail.bytes + chunks * UInt64(SnapshotFormat.chunkHeadBytes)
        guard tail.chunks == chunks, UInt64(length) == expected else {
            throw .damaged(path: path, detail: "it has \(length) bytes, not \(expected)")
        }
        self.file = file
        self.path = path
        self.head = head
        self.seed = seed
        self.chunks = chunks
        self.onDamage = onDamage
        base = head.base
        name = SnapshotName(slot: slot, digest: tail.digest)
        fileBytes = UInt64(length)
        info = LogSnapshot.Info(slot: slot, bytes: tail.bytes)
    }

    /// As the other, but of chunks that were checked: nobody is given what was not written. Blocking.
    package func checkedBytes(
        at offset: UInt64,
        atMost count: Int
    ) throws(SnapshotError) -> [UInt8] {
        let part = try bytes(at: offset, atMost: count)
        let chunk = UInt64(head.chunkBytes + SnapshotFormat.chunkHeadBytes)
        let begin = UInt64(head.byteCount)
        let end = offset + UInt64(part.count)
        guard chunks > 0, end > begin else { return part }
        let first = (max(offset, begin) - begin) / chunk
        let last = min((end - 1 - begin) / chunk, chunks - 1)
        if first <= last { for number in first...last { _ = try checked(number) } }
        return part
    }

    private static func head(
        of file: borrowing ReadOnlyFile,
        _ cluster: ClusterID,
        _ slot: Slot
    ) throws(SnapshotError) -> (SnapshotHead, length: Int64) {
        let path = file.path
        let fixed = try read(file, at: 0, count: SnapshotFormat.fixedHeadBytes)
        let length: Int64
        do throws(PosixError) { length = try file.length } catch { throw SnapshotError(error) }
        // No more than there is, whatever it says (`R39`).
        let said = min(SnapshotHead.length(fixed) ?? fixed.count, Int(length))
        let bytes = try read(file, at: 0, count: said)
        switch SnapshotHead.read(bytes, expecting: cluster, slot) {
        case .head(let head): return (head, length)
        case .damaged(let detail): throw .damaged(path: path, detail: detail)
        case .foreign(let found):
            throw .foreignCluster(path: path, found: found, expected: cluster)
        case .otherVersion(let found) where found < SnapshotFormat.version:
            throw .olderFormat(path: path, found: found, supported: SnapshotFormat.version)
        case .otherVersion(let found):
            throw .newerFormat(path: path, found: found, supported: SnapshotFormat.version)
        }
    }

    /// Has what is read from now on come from the disk, if the system does so.
    func dropCached() { file.dropCached() }

    /// What the file holds from an offset on, checked by nobody. Blocking.
    package func bytes(at offset: UInt64, atMost count: Int) throws(SnapshotError) -> [UInt8] {
        guard offset < fileBytes else { return [] }
        return try Self.read(file, at: Int64(offset), count: min(count, Int(fileBytes - offset)))
    }

    /// Reads all of it, a chunk at a time: whether it is what was written, also as a whole. Blocking.
    package func verify(_ goesOn: () throws(SnapshotError) -> Void) throws(SnapshotError) {
        var digest = head.digest
        for number in 0..<chunks {
            try goesOn()
            let (payload, crc) = try checked(number)
            digest.absorb(chunk: crc, length: payload.count)
        }
        guard digest.finish() == name.digest else {
            throw .damaged(path: path, detail: "its digest")
        }
    }

    /// Of what the host has written, and of nothing else: another member has the same of the same state, though its base
    /// tells of other ballots. Told by what stands before each chunk, so that a long one costs little. Blocking.
    package func stateDigest() throws(SnapshotError) -> UInt64 {
        var digest = SipHash(key: (UInt64(seed), info.bytes))
        let length = head.chunkBytes + SnapshotFormat.chunkHeadBytes
        for number in 0..<chunks {
            let place = Int64(head.byteCount) + Int64(number) * Int64(length)
            let fields = try Self.read(file, at: place, count: SnapshotFormat.chunkHeadBytes)
            var reader = fields.span
            guard let length = reader.uint32(), let crc = reader.uint32() else {
                throw .damaged(path: path, detail: "chunk \(number) of \(chunks)")
            }
            digest.absorb(chunk: crc, length: Int(length))
        }
        return digest.finish()
    }

    /// The payload of a chunk, if it is what was written. Blocking.
    package func chunk(_ number: UInt64) throws(SnapshotError) -> [UInt8] {
        try checked(number).payload
    }

    private func checked(_ number: UInt64) throws(SnapshotError) -> (payload: [UInt8], crc: UInt32)
    {
        precondition(number < chunks, "a chunk behind the last")
        let headBytes = SnapshotFormat.chunkHeadBytes
        let place = Int64(head.byteCount) + Int64(number) * Int64(head.chunkBytes + headBytes)
        let isLast = number + 1 == chunks
        let before = number * UInt64(head.chunkBytes)
        let length = isLast ? Int(info.bytes - before) : head.chunkBytes
        let fields = try Self.read(file, at: place, count: headBytes)
        let payload = try Self.read(file, at: place + Int64(headBytes), count: length)
        let crc = Checksum.of(payload, after: Checksum.of(number, after: seed))
        var reader = fields.span
        guard reader.uint32() == UInt32(length), reader.uint32() == crc, payload.count == length
        else {
            let error = SnapshotError.damaged(path: path, detail: "chunk \(number) of \(chunks)")
            onDamage(error)
            throw error
        }
        return (payload, crc)
    }

    private static func read(
        _ file: borrowing ReadOnlyFile,
        at place: Int64,
        count: Int
    ) throws(SnapshotError) -> [UInt8] {
        do throws(PosixError) {
            return try file.read(at: place, count: count)
        } catch {
            throw SnapshotError(error)
        }
    }
}

extension LogSnapshot: Hashable {
    /// Two are the same that hold the same, wherever their files are.
    public static func == (left: LogSnapshot, right: LogSnapshot) -> Bool {
        left.name == right.name
    }

    /// By what it holds.
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
