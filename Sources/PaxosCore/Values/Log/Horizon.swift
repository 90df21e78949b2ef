/// How far somebody must have come to lack no more than about a window of what is committed here: not more
/// than a leader may have in flight twice, in slots and in payload bytes (`R85`).
///
/// How many bytes a slot holds is known only when it passes. So marks are set a window apart, and
/// the one before the last tells: from there on it is one window at least, and two at most.
struct Horizon: Sendable {
    private let slots: Int
    private let bytes: Int
    private var passed = (slots: 0, bytes: 0)
    private var last: Slot
    /// Whoever has committed less lacks more than a window.
    private(set) var slot: Slot

    /// Begins where nothing is known of bytes but what an entry takes in the mean, if that is: 0 if not.
    init(at committed: Slot, limits: Limits, meanEntryBytes: Int = 0) {
        slots = limits.pipelineSlots
        bytes = limits.pipelineBytes
        last = committed
        let window = meanEntryBytes > 0 ? min(slots, max(1, bytes / meanEntryBytes)) : slots
        slot = Slot(rawValue: committed.rawValue - min(committed.rawValue, UInt64(window)))
    }

    mutating func pass(_ next: Slot, bytes more: Int) {
        passed.slots += 1
        passed.bytes += more
        guard passed.slots >= slots || passed.bytes >= bytes else { return }
        slot = last
        last = next
        passed = (0, 0)
    }
}
