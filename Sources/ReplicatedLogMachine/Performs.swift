internal import ReplicatedLog

/// Brings those who performed a command and what it came to together, whichever comes first.
///
/// A caller learns its slot when the append returns; the command may have been applied by then. So the results
/// of commands that this process appended are kept as long as a caller who was there before is on its way, and
/// no others. Whoever appends by hand beside a host leaves results that nobody comes for: they go with
/// the callers that they stood beside.
struct Performs<Result: Sendable> {
    typealias Continuation = UnsafeContinuation<Outcome, Never>

    enum Outcome {
        case applied(Result)
        case not(PerformError.Reason)
    }

    private struct Kept {
        let slot: Slot
        /// Nobody who began later comes for it.
        let newest: UInt64
        var result: Result?
    }

    /// More than this are not kept for anybody.
    private let limit: Int
    private var next: UInt64 = 1
    /// Nobody below is on its way.
    private var oldest: UInt64 = 1
    private var open: Set<UInt64> = []
    /// In the order of their slots; those before `first` are gone.
    private var kept: [Kept] = []
    private var first = 0
    private var waiting: [Slot: Continuation] = [:]

    init(limit: Int = 1 << 16) {
        self.limit = limit
    }

    /// How many results are kept.
    var count: Int { kept.count - first }

    /// Somebody is about to append.
    mutating func begin() -> UInt64 {
        defer { next += 1 }
        open.insert(next)
        return next
    }

    /// Whoever began is not on its way any more.
    mutating func end(_ number: UInt64) {
        open.remove(number)
        while oldest < next, !open.contains(oldest) { oldest += 1 }
        while first < kept.count, kept[first].newest < oldest { dropFirst() }
    }

    /// What was applied at the caller's slot; `nil` if it is not there.
    mutating func take(_ slot: Slot) -> Result? {
        var low = first
        var high = kept.count
        while low < high {
            let middle = (low + high) / 2
            if kept[middle].slot < slot { low = middle + 1 } else { high = middle }
        }
        guard low < kept.count, kept[low].slot == slot else { return nil }
        return kept[low].result.take()
    }

    mutating func wait(for slot: Slot, _ continuation: Continuation) {
        waiting[slot] = continuation
    }

    /// Takes a caller out who waits no longer.
    mutating func giveUp(_ slot: Slot) -> Continuation? { waiting.removeValue(forKey: slot) }

    /// A command was applied; whom to tell.
    mutating func applied(_ slot: Slot, _ result: Result, isOwn: Bool) -> Continuation? {
        if let continuation = waiting.removeValue(forKey: slot) { return continuation }
        guard isOwn, !open.isEmpty else { return nil }
        kept.append(Kept(slot: slot, newest: next - 1, result: result))
        if count > limit { dropFirst() }
        return nil
    }

    /// What lies before is dropped once it is half of the array, so a result costs a constant on average.
    private mutating func dropFirst() {
        kept[first].result = nil
        first += 1
        if first == kept.count || first >= 1024 && first * 2 >= kept.count {
            kept.removeFirst(first)
            first = 0
        }
    }

    /// Nothing up to the slot is applied here any more: those whom it concerns.
    mutating func passed(_ slot: Slot) -> [Continuation] {
        let passed = waiting.keys.filter { $0 <= slot }
        return passed.compactMap { waiting.removeValue(forKey: $0) }
    }

    /// Everybody who waits.
    mutating func takeAll() -> [Continuation] {
        defer { waiting = [:] }
        return Array(waiting.values)
    }
}
