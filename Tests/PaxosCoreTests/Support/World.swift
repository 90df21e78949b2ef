import PaxosSimulator

@testable import PaxosCore

/// One member, its disk and its callers, in a random schedule that its seed fixes. Whatever happens,
/// `check` compares with what a log may do (World+Checks.swift).
final class World {
    enum Action: CaseIterable {
        case append, batch, barrier, cancel, time, flush, read, fill, close, crash, fail, rot
    }

    struct Caller {
        /// The append's number, or `nil` for a barrier.
        let append: Int?
        let count: Int
        let deadline: Tick
        /// The highest slot that anybody had been told of before the call.
        let acknowledged: Slot
        var isCancelled = false
    }

    /// An event handed to subscribers, taken apart again.
    struct Event: Equatable {
        let slot: Slot
        let append: Int
        let index: Int
        let count: Int
    }

    var generator: SeededGenerator
    let disabled: [Action]
    let limits: Limits
    let store = TestStore()
    var core: NodeCore
    var inbox = SimulatedInbox()
    var now = Tick.zero
    var isFull = false
    var closeBy: Tick?
    var reads: [ReadRequest] = []
    var hasRot = false
    /// The node of this boot has ended.
    var isEnded = false

    var callers: [WaiterID: Caller] = [:]
    var generations: [UInt32] = []
    var freeIndexes: [UInt32] = []
    var appends = 0

    /// Every event any boot delivered: there is one log.
    var log: [Event] = []
    /// Where in `log` this boot's next event stands.
    var position = 0
    var refused: Set<Int> = []
    var submitted: Set<Int> = []
    var logged: Set<Int> = []
    var acknowledged = Slot.zero
    var promised = Ballot.zero
    /// Payload bytes of the rows this boot has submitted, by slot.
    var bytesBySlot: [Slot: Int] = [:]
    /// Payload bytes of the rows above the watermark that this boot has found.
    var recoveredBytes = 0
    var steps = 0

    init(seed: UInt64, disabled: [Action] = []) throws {
        generator = SeededGenerator(seed: seed)
        self.disabled = disabled
        var limits = Limits()
        limits.maxPayloadBytes = 32
        limits.pipelineSlots = [2, 8, 16][generator.below(3)]
        limits.pipelineBytes = [64, 128, 512][generator.below(3)]
        limits.pageBytes = [1, 40, 200][generator.below(3)]
        limits.checkpointSlots = [1, 5, 30][generator.below(3)]
        limits.inboxAppends = 100
        self.limits = try limits.validated()
        core = World.node(recovering: store, limits: limits)
    }

    private static func node(recovering store: TestStore, limits: Limits) -> NodeCore {
        NodeCore(recovered: store.open(), limits: limits, seed: 1)
    }

    func run(steps count: Int) throws {
        for _ in 0..<count { try act() }
        try settle()
    }

    // MARK: - One step

    private func act() throws {
        var arrivals = Arrivals(now: now)
        for action in Action.allCases where !disabled.contains(action) {
            try add(action, to: &arrivals)
        }
        try step(arrivals)
        if isEnded { try reopen(keeping: 0) }
        if !disabled.contains(.crash), generator.oneIn(60) {
            try reopen(keeping: generator.below(store.waiting + 1))
        }
    }

    private func add(_ action: Action, to arrivals: inout Arrivals) throws {
        switch action {
        case .append where generator.oneIn(2):
            for _ in 0...generator.below(3) { inbox.add(append(count: 1)) }
        case .batch where generator.oneIn(4):
            let most = min(limits.maxBatchEntries, limits.maxBatchBytes / 8)
            inbox.add(append(count: 1 + generator.below(most), isBatch: true))
        case .barrier where generator.oneIn(4):
            arrivals.barriers.append(BarrierRequest(waiter: call(nil, 0), deadline: .never))
        case .cancel where generator.oneIn(4):
            cancel(&arrivals)
        case .time where generator.oneIn(3):
            now = now.advanced(by: UInt64(generator.below(4)))
            arrivals.now = now
        case .flush where generator.oneIn(2):
            arrivals.receipt = try store.flush(
                generator.below(4),
                mergingBatches: generator.oneIn(2)
            )
        case .read where generator.oneIn(4):
            serveRead(&arrivals)
        case .fill where generator.oneIn(isFull ? 4 : 40):
            isFull.toggle()
            arrivals.isFull = isFull
        case .close where generator.oneIn(80) && closeBy == nil:
            closeBy = now.advanced(by: UInt64(generator.below(10)))
            arrivals.closeBy = closeBy
        case .fail where generator.oneIn(100):
            try store.crash(keeping: generator.below(store.waiting + 1))
            arrivals.failure = StoreFailure(operation: "flush", code: 5, detail: "test")
        default:
            break
        }
    }

    private func append(count: Int, isBatch: Bool = false) -> AppendRequest {
        appends += 1
        let size = isBatch ? 8 : 8 + generator.below(25)
        let payloads = (0..<count).map { index in
            [UInt8](littleEndian: UInt64(appends) << 16 | UInt64(index) << 8 | UInt64(count))
                + Array(repeating: 7, count: size - 8)
        }
        let deadline = generator.oneIn(3) ? now.advanced(by: UInt64(generator.below(8))) : .never
        return AppendRequest(
            waiter: call(appends, count, deadline: deadline),
            payloads: isBatch ? .batch(payloads) : .one(payloads[0]),
            bytes: size * count,
            deadline: deadline
        )
    }

    private func call(_ append: Int?, _ count: Int, deadline: Tick = .never) -> WaiterID {
        let index = freeIndexes.popLast() ?? UInt32(generations.count)
        if Int(index) == generations.count { generations.append(0) }
        generations[Int(index)] += 1
        let waiter = WaiterID(index: index, generation: generations[Int(index)])
        callers[waiter] = Caller(
            append: append,
            count: count,
            deadline: deadline,
            acknowledged: acknowledged
        )
        return waiter
    }

    /// Cancels somebody who waits, or somebody who waited once.
    private func cancel(_ arrivals: inout Arrivals) {
        guard !generations.isEmpty else { return }
        let index = generator.below(generations.count)
        let generation = generations[index] - (generator.oneIn(8) ? 1 : 0)
        let waiter = WaiterID(index: UInt32(index), generation: generation)
        callers[waiter]?.isCancelled = true
        arrivals.cancellations.append(waiter)
    }

    private func serveRead(_ arrivals: inout Arrivals) {
        guard !reads.isEmpty else { return }
        let request = reads.remove(at: generator.below(reads.count))
        let isRotten = !disabled.contains(.rot) && generator.oneIn(30)
        if isRotten { hasRot = true }
        arrivals.completions.append(
            ReadCompletion(
                id: request.id,
                result: isRotten
                    ? .failure(.unreadable(request.slots.lowerBound))
                    : .success(store.disk.read(request))
            )
        )
    }

    func step(_ arrivals: consuming Arrivals) throws {
        steps += 1
        let hasFailed = arrivals.failure != nil || hasRot
        var output = inbox.step(&core, arrivals)
        if let batch = output.write.take() {
            note(batch.rows)
            try store.submit(batch)
        }
        reads.append(contentsOf: output.reads)
        try check(output, hasFailed: hasFailed)
        if output.isClosed {
            isEnded = true
            try checkEnd(hasFailed: hasFailed)
        }
    }

    private func note(_ rows: WriteRows) {
        for accepted in rows.accepted {
            for (offset, entry) in accepted.run.entries.enumerated() {
                bytesBySlot[accepted.run.first.advanced(by: offset)] = entry.payloadBytes
                if case .command(let command) = entry {
                    submitted.insert(World.event(of: command.payload, at: .zero).append)
                }
            }
        }
    }

    /// Ends the node, if it has not ended, and opens its disk again.
    private func reopen(keeping count: Int) throws {
        try store.crash(keeping: count)
        callers.removeAll()
        generations.removeAll()
        freeIndexes.removeAll()
        reads.removeAll()
        bytesBySlot.removeAll()
        inbox = SimulatedInbox()
        isEnded = false
        isFull = false
        hasRot = false
        closeBy = nil
        let checkpoint = store.disk.checkpoint.slot
        position = log.firstIndex { $0.slot > checkpoint } ?? log.count
        core = World.node(recovering: store, limits: limits)
        recoveredBytes = core.replica.acceptor.windowBytes
        try demand(
            core.status.promised >= promised,
            "\(promised) was promised, \(core.status.promised) is found (R1)"
        )
    }

    /// Lets everything that is under way come to its end: nobody waits for ever.
    private func settle() throws {
        for _ in 0..<(200 + 40 * callers.count + log.count) {
            var arrivals = Arrivals(now: now)
            if isFull { arrivals.isFull = false }
            isFull = false
            arrivals.receipt = try store.flush(store.waiting, mergingBatches: true)
            for request in reads {
                let page = store.disk.read(request)
                arrivals.completions.append(
                    ReadCompletion(id: request.id, result: .success(page))
                )
            }
            reads.removeAll()
            try step(arrivals)
            if isEnded { break }
            if callers.isEmpty, store.waiting == 0, reads.isEmpty { break }
        }
        try demand(callers.isEmpty, "\(callers.count) callers wait for ever")
        guard !isEnded else { return }
        try demand(core.delivered == core.status.last, "delivery ends at \(core.delivered)")
    }

    static func event(of payload: [UInt8], at slot: Slot) -> Event {
        let number = payload.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Event(
            slot: slot,
            append: Int(number >> 16),
            index: Int(number >> 8 & 0xFF),
            count: Int(number & 0xFF)
        )
    }
}

extension [UInt8] {
    init(littleEndian value: UInt64) {
        self = []
        append(littleEndian: value)
    }
}
