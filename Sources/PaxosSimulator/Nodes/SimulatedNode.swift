import PaxosCore

/// A member's place in the world: its directory, and the process that runs on it, if one does.
package final class SimulatedNode {
    let index: Int
    let id: NodeID
    let store: SimulatedStore
    /// A second process with a copy of the directory of another node.
    let isTwin: Bool
    private(set) var process: SimulatedProcess?
    /// Counts starts and ends: what was meant for an earlier process is recognised by it.
    private(set) var generation: Int
    var isPaused = false
    /// Its directory has lost something, or cannot be told from one that has: it is in the minority that
    /// the fault drawer may damage.
    var isDamaged = false
    /// Its directory is an older state of one that another process has written to since.
    var isCopy: Bool
    /// A copy that was started beside a process which goes on, and holds all that anybody has heard of it.
    var original: (node: SimulatedNode, generation: Int)?
    /// What is for its node, and for no process in particular, reaches it and not its original.
    var hasAddress = false
    /// Of a copy: those that have met nothing which contradicts it, and so could not tell it from the real
    /// one. They are out of its reach.
    var hidden: [Int] = []
    /// Never started again.
    var isRetired = false
    var isFull = false
    /// The process ends at the next of these moments in the life of a write.
    var armed: WriteBoundary?
    /// The process ends with the next rows that it writes.
    var losesNextRows = false
    /// Moments that the next flush takes longer.
    var stall = 0
    /// An older copy of the directory.
    var backup: SimulatedDisk?
    /// One of this very process, taken while it ran.
    var snapshot: (disk: SimulatedDisk, generation: Int)?
    /// How far its host has got; `nil` if a base came to it without a snapshot.
    var hostSlot: Slot? = .zero
    /// What the consumer of each cursor has confirmed, at most.
    var consumers: [CursorName: Slot] = [:]
    /// Those that were on the disk when it was looked at last.
    var cursorsSeen: [CursorName] = []
    /// Somebody has had one removed.
    var isCursorRemoved = false
    /// Up to here rows may be gone whatever cursors say.
    var trimmedPastCursors = Slot.zero
    /// The directory as it was before its present boot was counted.
    var beforeBoot: SimulatedDisk?

    init(
        index: Int,
        id: NodeID,
        store: SimulatedStore,
        isTwin: Bool = false,
        generation: Int = 0
    ) {
        self.generation = generation
        self.index = index
        self.id = id
        self.store = store
        self.isTwin = isTwin
        isCopy = isTwin
    }

    var label: String { isTwin ? "\(id)'" : "\(id)" }

    /// A node that must make progress once faults have stopped.
    var isHealthy: Bool { !isDamaged && !isRetired && !isTwin }

    func begin(_ process: SimulatedProcess) {
        generation += 1
        self.process = process
        isPaused = false
        isFull = false
        armed = nil
        losesNextRows = false
        stall = 0
    }

    func end() {
        generation += 1
        process = nil
        isPaused = false
        armed = nil
    }
}

/// Where in the life of a write a process can end.
enum WriteBoundary: CaseIterable {
    case beforeFlush, duringFlush, beforeReceipt, afterReceipt
}

/// One process: a core, what has arrived for it, and who waits on it.
final class SimulatedProcess {
    var core: NodeCore
    let mutant: Mutant?
    let identity: NodeIdentity
    let openedAt: Moment
    /// Ticks of this process's clock in a hundred ticks of the world.
    let clockRate: Int
    /// Ticks by which a script has moved this process's clock.
    var ticksAhead: UInt64 = 0
    var receipt: DurabilityReceipt?
    var messages: [Envelope] = []
    var completions: [ReadCompletion] = []
    var inbox = SimulatedInbox()
    var barriers: [BarrierRequest] = []
    /// For the folder of snapshots, and what came of them.
    var snapshotTasks: [SnapshotTask] = []
    var snapshotResults: [SnapshotCompletion] = []
    /// What it was told last, and whether that is still to come.
    var keepsAbove = Slot.limit
    var keepsAboveIsNew = false
    /// By slot: the digests of the bases of which a piece came.
    var givenBases: [Slot: Set<UInt64>] = [:]
    /// How far its host has got, if it has a state.
    var hostSlot: Slot?
    var trims: [TrimRequest] = []
    var resolves: [ResolveRequest] = []
    var cursors: [CursorRequest] = []
    var confirmed: [CursorMove] = []
    /// What its host's snapshots are.
    var states: [StateMark] = []
    /// The trim point that it was opened with.
    var foundTrimmed = Slot.zero
    var transfers: [TransferCall] = []
    var cancellations: [WaiterID] = []
    var isFull: Bool?
    var failure: StoreFailure?
    var closeBy: Tick?
    /// A step has been put on the agenda.
    var isScheduled = false
    var wakeAt: Moment?

    var callers = Callers()
    /// Where in the expected log its next event stands.
    var position: Int
    var wasLeader = false
    /// Delivered by the core and not handed to subscribers, in a mutant.
    var withheld: [Delivered] = []
    /// What went to each member last, in a mutant.
    var said: [Envelope] = []
    var succession = Succession()
    var lastRole = NodeRole.follower
    var lastBallot: Ballot?
    var hasClosed = false
    /// It was told that the store had failed, or a read of it failed.
    var hasFailed = false
    var isClosing = false
    /// How many messages it got that were invented.
    var inventions = 0
    /// It was shown another entry than it has committed.
    var isContradicted = false
    /// That has stopped it, and somebody is to start it again.
    var isRestarted = false
    /// Of the slots up to here it read no entry.
    var beganAt = Slot.zero

    init(
        core: consuming NodeCore,
        mutant: Mutant?,
        identity: NodeIdentity,
        openedAt: Moment,
        clockRate: Int,
        position: Int
    ) {
        self.core = core
        self.mutant = mutant
        self.identity = identity
        self.openedAt = openedAt
        self.clockRate = clockRate
        self.position = position
    }

    /// The process's own clock, which began when it did.
    func tick(at moment: Moment) -> Tick {
        let moments = moment.rawValue - openedAt.rawValue
        return Tick(moments * UInt64(clockRate) / (100 * Moment.perTick) + ticksAhead)
    }

    /// The first moment at which the process's clock shows the tick.
    func moment(of tick: Tick) -> Moment? {
        guard tick.rawValue < 1 << 40 else { return nil }
        let moments = tick.rawValue * 100 * Moment.perTick
        let rate = UInt64(clockRate)
        return Moment(openedAt.rawValue + (moments + rate - 1) / rate)
    }
}

/// Who waits on a process, by index; indexes are reused with the next generation.
struct Callers {
    struct Caller {
        /// The append's number, or `nil` for a barrier.
        let append: Int?
        /// The barrier's number, if a script counts them.
        var barrier: Int?
        let count: Int
        let deadline: Tick
        /// The highest slot that anybody had been told of before the call.
        let floor: Slot
        var isCancelled = false
        var isTrim = false
        var cursor: (name: CursorName, change: CursorRequest.Change)?
        /// The one slot that an append asks for.
        var at = Slot.zero
        /// Who is to lead.
        var target: NodeID?
        /// Who asks for a token, and whether it is to be settled.
        var resolves: (token: Token, settles: Bool)?

        var label: String {
            if isTrim { return "trim" }
            if let cursor { return "\(cursor.name)" }
            if let target { return "transfer \(target)" }
            if let resolves { return "\(resolves.token)" }
            return append.map { "a\($0)" } ?? "b" + (barrier.map { "\($0)" } ?? "")
        }
    }

    private var callers: [Caller?] = []
    private var generations: [UInt32] = []
    private var free: [UInt32] = []

    var waiting: Int { callers.count - free.count }
    /// How many wait that ask for one slot.
    private(set) var asking = 0
    /// The earliest time at which somebody waits no more.
    var nextDeadline: Tick {
        callers.reduce(.never) { earliest, caller in min(earliest, caller?.deadline ?? .never) }
    }
    var indexes: Int { callers.count }

    mutating func add(_ caller: Caller) -> WaiterID {
        let index = free.popLast() ?? UInt32(callers.count)
        if Int(index) == callers.count {
            callers.append(nil)
            generations.append(0)
        }
        generations[Int(index)] += 1
        callers[Int(index)] = caller
        if caller.at != .zero { asking += 1 }
        return WaiterID(index: index, generation: generations[Int(index)])
    }

    func contains(append: Int) -> Bool { callers.contains { $0?.append == append } }

    func contains(where isOne: (Caller) -> Bool) -> Bool {
        callers.contains { $0.map(isOne) ?? false }
    }

    /// The first who waits and is meant.
    func first(where isOne: (WaiterID, Caller) -> Bool) -> Caller? {
        for (index, caller) in callers.enumerated() {
            let waiter = WaiterID(index: UInt32(index), generation: generations[index])
            if let caller, isOne(waiter, caller) { return caller }
        }
        return nil
    }

    /// Cancels whoever waits under an index, or somebody who waited there before.
    mutating func cancel(_ index: Int, stale: Bool) -> WaiterID {
        if !stale { callers[index]?.isCancelled = true }
        let generation = generations[index] - (stale ? 1 : 0)
        return WaiterID(index: UInt32(index), generation: generation)
    }

    func index(of label: String) -> Int? { callers.firstIndex { $0?.label == label } }

    mutating func take(_ waiter: WaiterID) -> Caller? {
        let index = Int(waiter.index)
        guard index < callers.count, generations[index] == waiter.generation else { return nil }
        guard let caller = callers[index].take() else { return nil }
        free.append(waiter.index)
        if caller.at != .zero { asking -= 1 }
        return caller
    }
}
