internal import LogWire
internal import PaxosCore
internal import Platform

/// What there is of a file that was not written to its end: the head, chunks from the first on, and the beginning of
/// what follows, of which nobody can tell yet whether it is what was written.
struct SnapshotPrefix {
    /// So much is known to be good.
    private(set) var good: UInt64 = 0
    /// So much may be gone on with: the file ends within a part that nothing contradicts.
    private(set) var kept: UInt64 = 0

    /// Looks through a file; no more than a chunk is held.
    init(
        at path: String,
        of name: SnapshotName,
        _ cluster: ClusterID
    ) throws(SnapshotError) {
        do throws(PosixError) {
            let file = try ReadOnlyFile(path: path)
            let length = Int(try file.length)
            let fixed = try file.read(at: 0, count: SnapshotFormat.fixedHeadBytes)
            guard fixed.count == SnapshotFormat.fixedHeadBytes else {
                kept = UInt64(length)
                return
            }
            guard let said = SnapshotHead.length(fixed) else { return }
            guard said <= length else {
                kept = UInt64(length)
                return
            }
            let bytes = try file.read(at: 0, count: said)
            guard case .head(let head) = SnapshotHead.read(bytes, expecting: cluster, name.slot)
            else { return }
            let seed = SnapshotFormat.seed(cluster, name.slot)
            let (end, isCut) = try Self.end(of: file, length, behind: head, seed)
            good = UInt64(end)
            kept = UInt64(isCut ? length : end)
        } catch {
            throw SnapshotError(error)
        }
    }

    /// The end of the last good chunk, and whether the file ends within what follows.
    private static func end(
        of file: borrowing ReadOnlyFile,
        _ length: Int,
        behind head: SnapshotHead,
        _ seed: UInt32
    ) throws(PosixError) -> (end: Int, isCut: Bool) {
        var end = head.byteCount
        var number: UInt64 = 0
        while true {
            let fields = try file.read(at: Int64(end), count: SnapshotFormat.chunkHeadBytes)
            var reader = fields.span
            guard let count = reader.uint32() else { return (end, true) }
            // What follows the last chunk begins as an empty one would.
            if count == 0 { return (end, length <= end + SnapshotFormat.tailBytes) }
            guard count <= head.chunkBytes else { return (end, false) }
            let place = end + SnapshotFormat.chunkHeadBytes
            guard let crc = reader.uint32(), length >= place + Int(count) else {
                return (end, true)
            }
            let payload = try file.read(at: Int64(place), count: Int(count))
            guard Checksum.of(payload, after: Checksum.of(number, after: seed)) == crc else {
                return (end, false)
            }
            end = place + payload.count
            number += 1
        }
    }
}
