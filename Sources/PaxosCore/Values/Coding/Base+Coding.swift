/// The bytes of a base, all numbers little-endian:
///
///     ballot 16 | digest u64 | slot of the membership u64 | membership | checkpoint
///
/// Membership and checkpoint as they stand in stored rows and values. Read back only behind a checksum, and
/// refused whole if anything is out of order.
extension Base {
    /// No base is larger: some bytes for each member, and for each range of what it has appended.
    static let mostBytes = 64 << 20

    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(ballot: ballot)
        bytes.append(littleEndian: digest)
        bytes.append(slot: membershipSlot)
        membership.append(to: &bytes)
        bytes.append(contentsOf: checkpoint.encoded())
        return bytes
    }

    package init?(decoding bytes: [UInt8]) {
        var reader = bytes.span
        guard let ballot = reader.ballot(), let digest = reader.uint64(),
            let membershipSlot = reader.slot(), let membership = Membership(from: &reader),
            let checkpoint = Checkpoint(from: &reader), reader.remaining == 0,
            membershipSlot <= checkpoint.slot
        else { return nil }
        self.init(
            slot: checkpoint.slot,
            ballot: ballot,
            membership: membership,
            membershipSlot: membershipSlot,
            state: checkpoint.state,
            prefix: checkpoint.digest,
            digest: digest
        )
    }
}
