internal import PaxosCore

/// What must be there, whatever a page of the file says.
struct LogExtent: Sendable {
    /// Every slot above the trim point up to here has a row.
    private(set) var present: Slot
    private(set) var trimmed: Slot
    /// What the log did up to there, or up to the end of the batch there.
    private(set) var base: Base
    /// The highest slot that is known to be without effect.
    private(set) var ineffective: Slot

    init(present: Slot, trimmed: Slot, base: Base, ineffective: Slot) {
        self.present = present
        self.trimmed = trimmed
        self.base = base
        self.ineffective = ineffective
    }

    /// What goes with the next transaction is said to be gone. It stays so if there turns out to be no room: the group
    /// is kept with what it trims, and a reader who was given its gap must not be shown less of one.
    mutating func trim(through slot: Slot, _ base: Base) {
        guard slot > trimmed else { return }
        trimmed = slot
        self.base = base
    }

    /// What stands on the disk now.
    mutating func follow(_ disk: LogExtent) {
        present = disk.present
        ineffective = disk.ineffective
        trim(through: disk.trimmed, disk.base)
    }
}
