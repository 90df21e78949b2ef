internal import PaxosCore
internal import Platform

/// What subscribers may see: how far the log is delivered, and the newest delivered entries, shared by
/// all who read at the tail.
///
/// The window is bounded in bytes, empty payloads not being free. A subscriber that has fallen out of it
/// reads through the store until it is back; nobody's slowness costs memory. While nobody subscribes the
/// window is empty: then whoever appended a payload is the last to hold it, which spares the driver from
/// freeing what another thread is busy allocating.
final class Tail: Sendable {
    fileprivate struct Sleeper {
        let slot: Slot
        let continuation: UnsafeContinuation<Void, Never>
    }

    fileprivate struct State {
        /// Every slot up to here is delivered.
        var delivered: Slot
        /// Every slot up to here is trimmed.
        var trimmed: Slot
        /// And up to here a reader who stands below gets nothing: the end of the batch there (`R72`).
        var gone: Slot
        /// Up to here a base stands for what this process had not delivered.
        var passed = Slot.zero
        /// The window holds every effective command above this slot.
        var floor: Slot
        var entries = Ring<Delivered>()
        var bytes = 0
        /// How many subscriptions are being iterated.
        var readers = 0
        /// Bytes of what was handed out to them in pieces, and not by them yet.
        var held = 0
        /// Slots without effect that the store's table may not hold yet.
        var ineffective: [Slot] = []
        var sleepers: [UInt64: Sleeper] = [:]
        /// None of them waits for a slot below: however many sleep far ahead, a step looks at none.
        var lowest = Slot.limit
        var nextSleeper: UInt64 = 0
        var cancelled: Set<UInt64> = []
        var end: Refusal?
    }

    /// What a subscriber at a slot finds.
    enum Pull {
        /// Effective commands in order; everything up to `through` is accounted for.
        case entries([Delivered], through: Slot)
        /// Below the window: to be read from the store, up to `through`, so many bytes at most or one
        /// entry.
        case cold(through: Slot, maxBytes: Int)
        /// Trimmed up to there; or never delivered here, since a base stands for it.
        case trimmed(through: Slot, isPassed: Bool)
        /// At the end of what is delivered.
        case nothingYet
        case ended(Refusal)
    }

    private let state: Locked<State>
    /// Known as committed when the node was opened: the node delivers up to here without a quorum.
    let recovered: Slot
    private let maxBytes: Int
    /// The most bytes handed out at once, one entry excepted: a subscriber keeps them until it has handed
    /// on the last of them.
    private let chunkBytes: Int
    /// What a subscriber may always have at once, whatever others hold.
    static let leastBytes = 16_384
    /// The most entries handed out at once, so that no lock is held for long.
    private static let chunk = 512

    init(recovered: RecoveredState, limits: Limits) {
        self.recovered = recovered.committed
        let delivered = recovered.checkpoint.slot
        state = Locked(
            State(
                delivered: delivered,
                trimmed: recovered.trimmed,
                gone: max(recovered.trimmed, recovered.base.slot),
                floor: delivered
            )
        )
        maxBytes = limits.tailBytes
        chunkBytes = limits.pageBytes
    }

    /// Every slot up to here is trimmed.
    var trimmed: Slot { state.withLock { $0.trimmed } }

    /// The trim point, or the end of the batch there: half of a batch is nothing to begin with.
    var gone: Slot { state.withLock { $0.gone } }

    /// Every slot up to here is delivered.
    var delivered: Slot { state.withLock { $0.delivered } }

    // MARK: - Driver

    func deliver(
        _ delivered: [Delivered],
        through: Slot,
        passed: Slot? = nil,
        ineffective: [Slot],
        checkpointed: Slot?,
        trimmed: Slot = .zero,
        gone: Slot = .zero
    ) {
        let woken = state.withLock { state -> [UnsafeContinuation<Void, Never>] in
            state.ineffective.append(contentsOf: ineffective)
            if let checkpointed { state.ineffective.removeAll { $0 <= checkpointed } }
            state.trimmed = max(state.trimmed, trimmed)
            state.gone = max(state.gone, trimmed, gone)
            let emptied = passed.map { state.pass($0) }
            defer { withExtendedLifetime(emptied) {} }
            guard through > state.delivered || passed != nil else { return [] }
            state.delivered = through
            if state.readers > 0 {
                state.keep(delivered, maxBytes: maxBytes)
            } else {
                state.floor = through
            }
            return state.lowest <= through ? state.wake { $0.slot <= through } : []
        }
        for sleeper in woken { sleeper.resume() }
    }

    func end(_ refusal: Refusal) {
        let woken = state.withLock { state -> [UnsafeContinuation<Void, Never>] in
            state.end = refusal
            return state.wake { _ in true }
        }
        for sleeper in woken { sleeper.resume() }
    }

    // MARK: - Subscribers

    /// Keeps the window for as long as it lives, and counts what its subscriber was handed and has not
    /// handed on: pieces grow smaller as more is held, so that subscriptions which nobody reads hold no more
    /// in all than the window may, and `leastBytes` each.
    final class Reader: Sendable {
        let tail: Tail
        /// What of `held` is this reader's.
        private let share = Locked(0)

        fileprivate init(tail: Tail) {
            self.tail = tail
            tail.state.withLock { $0.readers += 1 }
        }

        deinit {
            let own = share.withLock { $0 }
            // What nobody reads any more is freed without the lock.
            _ = tail.state.withLock { state -> Ring<Delivered> in
                state.readers -= 1
                state.held -= own
                return state.readers == 0 ? state.emptied() : []
            }
        }

        /// What is found at a slot, counted until the next call or `handedOn()`.
        func pull(from slot: Slot) -> Pull {
            share.withLock { share in
                let (pull, taken) = tail.pull(from: slot, instead: share)
                share = taken
                return pull
            }
        }

        /// So much is held of what was pulled, and no more.
        func holds(_ bytes: Int) {
            share.withLock { share in
                let change = bytes - share
                guard change != 0 else { return }
                tail.state.withLock { $0.held += change }
                share = bytes
            }
        }

        /// Nothing is held of what was pulled.
        func handedOn() { holds(0) }
    }

    func makeReader() -> Reader { Reader(tail: self) }

    /// What a subscriber at a slot finds, and what it holds then instead of what it held.
    private func pull(from slot: Slot, instead own: Int) -> (pull: Pull, taken: Int) {
        state.withLock { state in
            state.held -= own
            let (pull, taken) = find(slot, in: state)
            state.held += taken
            return (pull, taken)
        }
    }

    private func find(_ slot: Slot, in state: borrowing State) -> (pull: Pull, taken: Int) {
        // What is in memory still is handed out all the same.
        if slot <= state.trimmed, slot <= state.floor {
            return (.trimmed(through: state.gone, isPassed: slot <= state.passed), 0)
        }
        if slot > state.delivered { return (state.end.map(Pull.ended) ?? .nothingYet, 0) }
        // A quarter of what is left: who comes later gets something too.
        let allowed = min(chunkBytes, max(Self.leastBytes, (maxBytes - state.held) / 4))
        if slot <= state.floor {
            if let end = state.end { return (.ended(end), 0) }
            return (.cold(through: state.floor, maxBytes: allowed), allowed)
        }
        let first = state.entries.firstPosition(atOrAfter: slot)
        var chunk: [Delivered] = []
        var bytes = 0
        for entry in state.entries[first...].prefix(Self.chunk) {
            guard chunk.isEmpty || bytes + entry.tailBytes <= allowed else { break }
            chunk.append(entry)
            bytes += entry.tailBytes
        }
        let isWhole = first + chunk.count == state.entries.count
        let through = isWhole ? state.delivered : chunk.last?.slot ?? state.delivered
        // One alone is handed on at once.
        return (.entries(chunk, through: through), chunk.count > 1 ? bytes : 0)
    }

    /// What is delivered from this slot on is in the window, or nothing is yet: no read is needed for it.
    func isWarm(at slot: Slot) -> Bool { state.withLock { slot > $0.floor } }

    /// A base stands for what this process has not delivered from the slot on.
    func isPassed(_ slot: Slot) -> Bool { state.withLock { slot <= $0.passed } }

    /// Bytes that subscribers hold in pieces.
    var held: Int { state.withLock { $0.held } }

    /// How many subscribers sleep.
    var sleepers: Int { state.withLock { $0.sleepers.count } }

    /// How many were cancelled and have not gone to sleep yet.
    var cancelled: Int { state.withLock { $0.cancelled.count } }

    /// What the log has ended with, if it has.
    var end: Refusal? { state.withLock { $0.end } }

    /// Which of a cold page's slots are without effect though the store may not know it yet. To be asked
    /// before the page is read: what leaves the list is in the store by then.
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
                    state.sleepers[sleeper] = Sleeper(slot: slot, continuation: continuation)
                    state.lowest = min(state.lowest, slot)
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            let continuation = state.withLock { state -> UnsafeContinuation<Void, Never>? in
                if let found = state.sleepers.removeValue(forKey: sleeper) {
                    return found.continuation
                }
                state.cancelled.insert(sleeper)
                return nil
            }
            continuation?.resume()
        }
        state.withLock { state in _ = state.cancelled.remove(sleeper) }
    }
}

extension Tail.State {
    fileprivate mutating func keep(_ delivered: [Delivered], maxBytes: Int) {
        for entry in delivered {
            entries.append(entry)
            bytes += entry.tailBytes
        }
        while bytes > maxBytes, let oldest = entries.popFirst() {
            bytes -= oldest.tailBytes
            floor = oldest.slot
        }
    }

    /// What lies up to a slot is passed over: a reader who stands there gets a gap, and nothing that was in the window
    /// before it.
    fileprivate mutating func pass(_ slot: Slot) -> Ring<Delivered> {
        delivered = slot
        trimmed = max(trimmed, slot)
        gone = max(gone, slot)
        passed = slot
        return emptied()
    }

    /// Empties the window and returns what it held.
    fileprivate mutating func emptied() -> Ring<Delivered> {
        var old = Ring<Delivered>()
        swap(&old, &entries)
        bytes = 0
        floor = delivered
        return old
    }

    /// Takes those out who sleep no longer; each is to be resumed once.
    fileprivate mutating func wake(
        _ isDue: (Tail.Sleeper) -> Bool
    ) -> [UnsafeContinuation<Void, Never>] {
        var woken: [UnsafeContinuation<Void, Never>] = []
        let due = sleepers.filter { isDue($0.value) }
        for (number, sleeper) in due {
            woken.append(sleeper.continuation)
            sleepers[number] = nil
        }
        lowest = sleepers.values.reduce(.limit) { min($0, $1.slot) }
        return woken
    }
}

extension Delivered {
    /// What the entry takes of the window: its payload, and the memory that even an empty one needs.
    var tailBytes: Int { payload.count + Self.leastBytes }

    /// What an entry counts for beside its payload.
    static let leastBytes = 96
}

extension [Delivered] {
    /// What all of them take, as the window counts.
    var tailBytes: Int { reduce(0) { $0 + $1.tailBytes } }

    /// As many from the front as `bytes` allow, and one at least.
    func fitting(_ bytes: Int) -> Self {
        var total = 0
        let end = indices.dropFirst().first { position in
            total += self[position - 1].tailBytes
            return total + self[position].tailBytes > bytes
        }
        return end.map { Self(self[..<$0]) } ?? self
    }
}

extension Ring<Delivered> {
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
