internal import LogWire
internal import PaxosCore
internal import Platform

/// What is good of a file that was not written to its end: the head, and chunks from the first on.
enum SnapshotPrefix {
    /// How many bytes that is: the end of the last whole chunk, or of the head, or nothing. No more than a chunk is held.
    static func length(
        at path: String,
        of name: SnapshotName,
        _ cluster: ClusterID
    ) throws(SnapshotError) -> UInt64 {
        do throws(PosixError) {
            let file = try ReadOnlyFile(path: path)
            let fixed = try file.read(at: 0, count: SnapshotFormat.fixedHeadBytes)
            let length = try file.length
            guard let said = SnapshotHead.length(fixed), said <= length else { return 0 }
            let bytes = try file.read(at: 0, count: said)
            guard case .head(let head) = SnapshotHead.read(bytes, expecting: cluster, name.slot)
            else { return 0 }
            return UInt64(try end(of: file, behind: head, SnapshotFormat.seed(cluster, name.slot)))
        } catch {
            throw SnapshotError(error)
        }
    }

    private static func end(
        of file: borrowing ReadOnlyFile,
        behind head: SnapshotHead,
        _ seed: UInt32
    ) throws(PosixError) -> Int {
        var end = head.byteCount
        var number: UInt64 = 0
        while true {
            let fields = try file.read(at: Int64(end), count: SnapshotFormat.chunkHeadBytes)
            var reader = fields.span
            guard let length = reader.uint32(), length > 0, length <= head.chunkBytes,
                let crc = reader.uint32()
            else { return end }
            let place = end + SnapshotFormat.chunkHeadBytes
            let payload = try file.read(at: Int64(place), count: Int(length))
            guard payload.count == Int(length),
                Checksum.of(payload, after: Checksum.of(number, after: seed)) == crc
            else { return end }
            end = place + payload.count
            number += 1
        }
    }
}
