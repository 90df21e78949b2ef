internal import DequeModule
internal import PaxosCore
internal import Platform

/// What subscribers may see: how far the log is delivered, and the newest delivered entries, shared by
/// all who read at the tail.
///
/// The window is bounded in bytes. A subscriber that has fallen out of it reads through the store until
/// it is back; nobody's slowness costs memory.
final class Tail: Sendable {
    private struct State {
        /// Every slot up to here is delivered.
        var delivered: Slot
        /// The window holds every effective command above this slot.
        var floor: Slot
        var entries = Deque<Delivered>()
        var bytes = 0
        /// Slots without effect that the store's table may not hold yet.
        var ineffective: [Slot] = []
        var sleepers: [UInt64: UnsafeContinuation<Void, Never>] = [:]
        var nextSleeper: UInt64 = 0
        var cancelled: Set<UInt64> = []
        var end: Refusal?
    }

    /// What a subscriber at a slot finds.
    enum Pull {
        /// Effective commands in order; everything up to `through` is accounted for.
        case entries([Delivered], through: Slot)
        /// Below the window: to be read from the store, up to `through`.
        case cold(through: Slot)
        /// Trimmed up to there.
        case trimmed(through: Slot)
        /// At the end of what is delivered.
        case nothingYet
        case ended(Refusal)
    }

    private let state: Locked<State>
    /// Every slot up to here was trimmed.
    let trimmed: Slot
    private let maxBytes: Int
    /// The most entries handed out at once, so that no lock is held for long.
    private static let chunk = 512

    init(recovered: RecoveredState, maxBytes: Int) {
        let delivered = recovered.checkpoint.slot
        state = Locked(State(delivered: delivered, floor: delivered))
        trimmed = recovered.trimmed
        self.maxBytes = maxBytes
    }

    /// Every slot up to here is delivered.
    var delivered: Slot { state.withLock { $0.delivered } }

    // MARK: - Driver

    func deliver(
        _ delivered: [Delivered],
        through: Slot,
        ineffective: [Slot],
        checkpointed: Slot?
    ) {
        let woken = state.withLock { state -> [UnsafeContinuation<Void, Never>] in
            state.ineffective.append(contentsOf: ineffective)
            if let checkpointed { state.ineffective.removeAll { $0 <= checkpointed } }
            guard through > state.delivered else { return [] }
            state.delivered = through
            for entry in delivered {
                state.entries.append(entry)
                state.bytes += entry.payload.count
            }
            while state.bytes > maxBytes, let oldest = state.entries.popFirst() {
                state.bytes -= oldest.payload.count
                state.floor = oldest.slot
            }
            defer { state.sleepers.removeAll(keepingCapacity: true) }
            return Array(state.sleepers.values)
        }
        for sleeper in woken { sleeper.resume() }
    }

    func end(_ refusal: Refusal) {
        let woken = state.withLock { state -> [UnsafeContinuation<Void, Never>] in
            state.end = refusal
            defer { state.sleepers.removeAll() }
            return Array(state.sleepers.values)
        }
        for sleeper in woken { sleeper.resume() }
    }

    // MARK: - Subscribers

    func pull(from slot: Slot) -> Pull {
        if slot <= trimmed { return .trimmed(through: trimmed) }
        return state.withLock { state -> Pull in
            if slot > state.delivered { return state.end.map(Pull.ended) ?? .nothingYet }
            if slot <= state.floor {
                return state.end.map(Pull.ended) ?? .cold(through: state.floor)
            }
            let first = state.entries.firstPosition(atOrAfter: slot)
            let chunk = state.entries[first..<min(first + Self.chunk, state.entries.count)]
            let isWhole = first + chunk.count == state.entries.count
            let through = isWhole ? state.delivered : chunk.last?.slot ?? state.delivered
            return .entries(Array(chunk), through: through)
        }
    }

    /// Which of a cold page's slots are without effect though the store may not know it yet.
    func ineffective(in slots: ClosedRange<Slot>) -> [Slot] {
        state.withLock { state in state.ineffective.filter(slots.contains) }
    }

    /// Returns once `slot` is delivered, the log has ended or the task is cancelled.
    func wait(for slot: Slot) async {
        let sleeper = state.withLock { state in
            state.nextSleeper += 1
            return state.nextSleeper
        }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let isDue = state.withLock { state -> Bool in
                    if state.cancelled.remove(sleeper) != nil || slot <= state.delivered
                        || state.end != nil
                    {
                        return true
                    }
                    state.sleepers[sleeper] = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            let continuation = state.withLock { state -> UnsafeContinuation<Void, Never>? in
                let continuation = state.sleepers.removeValue(forKey: sleeper)
                if continuation == nil { state.cancelled.insert(sleeper) }
                return continuation
            }
            continuation?.resume()
        }
        state.withLock { state in _ = state.cancelled.remove(sleeper) }
    }
}

extension Deque<Delivered> {
    /// The position of the first entry at or after a slot; entries are in slot order.
    fileprivate func firstPosition(atOrAfter slot: Slot) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].slot < slot { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
