/// The appends of this boot that were proposed or forwarded and are not decided, by the sequence of
/// their token: who waits for each, and what to send again.
///
/// Sequences are proposed in ascending order and decided nearly so: the front is found at once, another
/// by binary search. Those that were answered before they were decided leave with the front.
struct ProposedAppends: Sendable {
    struct Proposed {
        let sequence: UInt64
        /// Let go of when the waiter is: whoever appended them is the last to hold them then.
        var payloads: Payloads
        let bytes: Int
        let at: Slot
        var waiter: WaiterID?
    }

    /// Places of some that were answered are kept, so that leaving costs a constant on average.
    private static let spare = 1_024

    private var proposed: [Proposed] = []
    private var head = 0
    /// How many wait, with how many entries and payload bytes.
    private(set) var waiting = 0
    private var entries = 0
    private(set) var bytes = 0
    /// How many of them ask for one slot.
    private var conditional = 0

    var isEmpty: Bool { waiting == 0 }

    /// Places taken, also by those that were answered.
    var places: Int { proposed.count - head }

    /// How much more may be on its way to another leader, for slots above what is committed here.
    func room(_ limits: Limits, above committed: Slot) -> Appetite {
        Appetite(
            slots: limits.pipelineSlots - entries,
            bytes: limits.pipelineBytes - bytes,
            open: .above(committed)
        )
    }

    /// Those that somebody still waits for.
    var all: [Proposed] {
        proposed[head...].filter { $0.waiter != nil }
    }

    mutating func add(_ append: AppendRequest, sequence: UInt64) {
        proposed.append(
            Proposed(
                sequence: sequence,
                payloads: append.payloads,
                bytes: append.bytes,
                at: append.at,
                waiter: append.waiter
            )
        )
        waiting += 1
        entries += append.count
        bytes += append.bytes
        if append.at != .zero { conditional += 1 }
    }

    /// Some of them ask for one slot.
    var asksForSlots: Bool { conditional > 0 }

    /// The sequences of those that ask for a slot up to this one.
    func asking(through slot: Slot) -> [UInt64] {
        proposed[head...].filter { $0.waiter != nil && $0.at != .zero && $0.at <= slot }
            .map(\.sequence)
    }

    /// Takes the waiter of a sequence, if it still waits.
    mutating func take(_ sequence: UInt64) -> WaiterID? {
        guard let place = place(of: sequence) else { return nil }
        let waiter = proposed[place].waiter.take()
        if waiter != nil {
            waiting -= 1
            if proposed[place].at != .zero { conditional -= 1 }
            entries -= proposed[place].payloads.count
            bytes -= proposed[place].bytes
            proposed[place].payloads = .one([])
        }
        trimFront()
        return waiter
    }

    /// Who waits for a sequence.
    func waiter(of sequence: UInt64) -> WaiterID? {
        place(of: sequence).flatMap { proposed[$0].waiter }
    }

    private func place(of sequence: UInt64) -> Int? {
        var low = head
        var high = proposed.count
        if low < high, proposed[low].sequence == sequence { return low }
        while low < high {
            let middle = (low + high) / 2
            if proposed[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        return low < proposed.count && proposed[low].sequence == sequence ? low : nil
    }

    private mutating func trimFront() {
        while head < proposed.count, proposed[head].waiter == nil { head += 1 }
        if head == proposed.count {
            proposed.removeAll(keepingCapacity: true)
            head = 0
        } else if proposed.count - head > 2 * waiting + Self.spare {
            // One that waits for long keeps no place for all that gave up behind it.
            proposed = proposed[head...].filter { $0.waiter != nil }
            head = 0
        } else if head >= 1024, head * 2 >= proposed.count {
            proposed.removeFirst(head)
            head = 0
        }
    }
}
