/// Which of the host's snapshots: files of one slot and one digest hold the same bytes, whoever has them.
package struct SnapshotName: Hashable, Sendable {
    /// It holds the host's state after this slot.
    package let slot: Slot
    /// Of all that the file holds.
    package let digest: UInt64

    package init(slot: Slot, digest: UInt64) {
        self.slot = slot
        self.digest = digest
    }
}

/// A base as a member is given it: with it comes the host's snapshot of the same slot, if the giver has one.
package struct OfferedBase: Hashable, Sendable {
    package struct Snapshot: Hashable, Sendable {
        package let digest: UInt64
        /// The length of the file.
        package let bytes: UInt64

        package init(digest: UInt64, bytes: UInt64) {
            self.digest = digest
            self.bytes = bytes
        }
    }

    package let base: Base
    package let snapshot: Snapshot?

    package init(_ base: Base, snapshot: Snapshot? = nil) {
        self.base = base
        self.snapshot = snapshot
    }

    package var name: SnapshotName? {
        snapshot.map { SnapshotName(slot: base.slot, digest: $0.digest) }
    }
}
