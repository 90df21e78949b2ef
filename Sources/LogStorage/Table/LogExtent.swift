internal import PaxosCore

/// What must be there, whatever a page of the file says.
struct LogExtent: Sendable {
    /// Every slot above the trim point up to here has a row.
    var present: Slot
    var trimmed: Slot
    /// What the log did up to there, or up to the end of the batch there.
    var base: Base
    /// The highest slot that is known to be without effect.
    var ineffective: Slot
}
