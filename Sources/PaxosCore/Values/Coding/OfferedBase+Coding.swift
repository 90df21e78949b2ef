/// The bytes of a base on its way to a member, all numbers little-endian:
///
///     length of the snapshot's file u64, 0 without one | its digest u64, 0 without one | base
extension OfferedBase {
    /// No file is longer.
    static let mostSnapshotBytes: UInt64 = 1 << 62

    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: snapshot?.bytes ?? 0)
        bytes.append(littleEndian: snapshot?.digest ?? 0)
        bytes.append(contentsOf: base.encoded())
        return bytes
    }

    package init?(decoding bytes: [UInt8]) {
        var reader = bytes.span
        guard let length = reader.uint64(), let digest = reader.uint64(),
            length < Self.mostSnapshotBytes, length > 0 || digest == 0,
            let rest = reader.bytes(reader.remaining), let base = Base(decoding: rest)
        else { return nil }
        self.init(base, snapshot: length > 0 ? Snapshot(digest: digest, bytes: length) : nil)
    }
}
