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
        info = LogSnapshot.Info(slot: slot, bytes: tail.bytes)
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

    /// The payload of a chunk, if it is what was written. Blocking.
    package func chunk(_ number: UInt64) throws(SnapshotError) -> [UInt8] {
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
        return payload
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
