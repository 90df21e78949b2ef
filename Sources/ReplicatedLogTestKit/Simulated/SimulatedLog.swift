internal import PaxosCore
internal import PaxosSimulator
public import ReplicatedLog

/// A replicated log in virtual time, with a state machine of yours on every member: one thread, no
/// disk, no clock, and for one seed the same result on every run and machine.
///
/// Underneath runs the code that `LogNode` runs (`NodeCore`), in the project's own simulator. A seed draws
/// when things happen and what goes wrong; after every step the guarantees of the log are checked, and
/// a broken one is thrown as `SimulationFailure`. Time passes in `append`, `barrier`, `run(ticks:)` and
/// `quiesce()`, in which members apply what they learn.
///
/// A member that starts gets a new state machine, to which the log is applied from its beginning, as to
/// a subscriber from slot 1.
///
/// ```swift
/// struct Balance: StateMachine, Equatable {
///     var cents = 0
///     mutating func apply(_ slot: Slot, _ payload: [UInt8]) { cents += payload.count }
/// }
/// let log = try SimulatedLog(seed: 7, faults: .all) { Balance() }
/// for _ in 0..<100 { _ = try log.append([1]) }
/// try log.quiesce()
/// #expect(log.divergences() == [])
/// #expect(log[1]?.cents == log[3]?.cents)
/// ```
public final class SimulatedLog<Machine: StateMachine> {
    /// What became of an append.
    public enum Outcome: Hashable, Sendable {
        /// It is in effect in these slots.
        case committed(ClosedRange<Slot>)
        /// It is not in the log, and never will be.
        case never
        /// It is in the log or not: the time ran out, or the member ended without a word.
        case unknown
    }

    /// An append that was handed in.
    public struct Call: Hashable, Sendable {
        fileprivate let number: Int?
    }

    private struct Copy {
        var machine: Machine
        var applied = 0
        var process: Int
    }

    /// The seed from which everything follows.
    public let seed: UInt64
    private let world: HostedWorld
    private let makeMachine: () -> Machine
    private var copies: [NodeID: Copy] = [:]

    /// Makes a cluster, starts every member and waits for a leader. Faults begin afterwards.
    ///
    /// - Parameters:
    ///   - seed: From which everything is drawn.
    ///   - members: How many members there are.
    ///   - faults: What the seed may draw from. Without any, only order and time are drawn.
    ///   - limits: Of every node. Default: small ones, so that windows fill and logs are checkpointed.
    ///   - machine: Makes the state machine of a member, at each of its starts.
    /// - Throws: `InvalidMembership`, `InvalidLimits` or `SimulationFailure`.
    public init(
        seed: UInt64,
        members: Int = 3,
        faults: SimulatedFaults = [],
        limits: Limits = .simulated,
        machine: @escaping () -> Machine
    ) throws {
        self.seed = seed
        makeMachine = machine
        var kinds = FaultSet()
        for (fault, set) in [
            (SimulatedFaults.network, FaultSet.network), (.crashes, .crash), (.disks, .disk),
        ] where faults.contains(fault) {
            for kind in set.kinds { kinds.insert(kind) }
        }
        world = try HostedWorld(
            seed: seed,
            members: members,
            faults: kinds,
            limits: try limits.validated()
        )
        try checked { () throws(Violation) in try world.found() }
    }

    /// The members, `n1` and so on.
    public var members: [NodeID] { world.members }

    /// Ticks of ten virtual milliseconds since the beginning.
    public var ticks: UInt64 { world.ticks }

    /// A digest of everything that has happened: equal for equal seeds and calls.
    public var digest: String { world.digest.description }

    /// How often each kind of fault has happened.
    public var faults: String { world.counts.description }

    /// The one log of effective payloads, as far as any member has delivered it.
    public var log: [LogPage.Entry] {
        world.log.map { LogPage.Entry(slot: $0.slot, payload: $0.payload) }
    }

    /// A member's state machine; `nil` while the member is down.
    public subscript(member: NodeID) -> Machine? {
        guard let running = world.position(of: member) else { return nil }
        let copy = copies[member]
        return copy?.process == running.process ? copy?.machine : makeMachine()
    }

    // MARK: - Calls

    /// Appends a payload and lets time pass until its outcome is known, or its timeout has run out.
    ///
    /// - Throws: `SimulationFailure`.
    public func append(
        _ payload: [UInt8],
        on member: NodeID = 1
    ) throws(SimulationFailure) -> Outcome {
        try wait(for: submit([payload], on: member))
    }

    /// Appends a batch, all or nothing, and lets time pass until its outcome is known.
    ///
    /// - Throws: `SimulationFailure`.
    public func append(
        contentsOf payloads: [[UInt8]],
        on member: NodeID = 1
    ) throws(SimulationFailure) -> Outcome {
        try wait(for: submit(payloads, on: member))
    }

    /// Hands in an append; no time passes. One payload is an append, several are a batch.
    ///
    /// - Precondition: The payloads are within `Limits`, less eight bytes each.
    public func submit(_ payloads: [[UInt8]], on member: NodeID = 1) -> Call {
        precondition(!payloads.isEmpty, "an append has a payload")
        let number = world.append(payloads, isBatch: payloads.count > 1, on: member)
        return Call(number: number)
    }

    /// What is known of an append; `nil` if nothing yet.
    public func outcome(of call: Call) -> Outcome? {
        // Nobody took it.
        guard let number = call.number else { return .never }
        switch world.state(append: number) {
        case .waits: return nil
        case .answered(.committed(let first, let count)):
            return .committed(first...first.advanced(by: count - 1))
        case .answered(.never): return .never
        case .answered, .lost: return .unknown
        }
    }

    /// A point up to which everything acknowledged before is applied on the member.
    ///
    /// - Returns: `nil` if the member is down, goes down, or reaches no quorum within the time.
    /// - Throws: `SimulationFailure`.
    public func barrier(on member: NodeID = 1) throws(SimulationFailure) -> Slot? {
        guard let number = world.barrier(on: member) else { return nil }
        for _ in 0..<Limits.ticks(in: Limits.simulated.appendTimeout) {
            switch world.state(barrier: number) {
            case .waits: try run(ticks: 1)
            case .answered(.barrier(let slot)): return slot
            case .answered, .lost: return nil
            }
        }
        return nil
    }

    private func wait(for call: Call) throws(SimulationFailure) -> Outcome {
        while true {
            if let outcome = outcome(of: call) { return outcome }
            try run(ticks: 1)
        }
    }

    // MARK: - Time

    /// Lets time pass.
    ///
    /// - Throws: `SimulationFailure`.
    public func run(ticks: Int) throws(SimulationFailure) {
        try checked { () throws(Violation) in try world.run(ticks: ticks) }
    }

    /// Lets faults stop, starts who is down, and lets time pass until every append is answered and every
    /// sound member has applied the whole log. Afterwards the faults go on.
    ///
    /// - Throws: `SimulationFailure`, also if that takes too long.
    public func quiesce() throws(SimulationFailure) {
        try checked { () throws(Violation) in try world.calm() }
    }

    private func checked(_ body: () throws(Violation) -> Void) throws(SimulationFailure) {
        do throws(Violation) {
            try body()
        } catch {
            throw SimulationFailure(seed: seed, what: error.description)
        }
        for member in members { applyNews(on: member) }
    }

    private func applyNews(on member: NodeID) {
        guard let running = world.position(of: member) else {
            copies[member] = nil
            return
        }
        var copy = copies[member] ?? Copy(machine: makeMachine(), process: running.process)
        if copy.process != running.process {
            copy = Copy(machine: makeMachine(), process: running.process)
        }
        for entry in world.log[copy.applied..<max(copy.applied, running.count)] {
            copy.machine.apply(entry.slot, entry.payload)
        }
        copy.applied = max(copy.applied, running.count)
        copies[member] = copy
    }

    // MARK: - Faults at a test's word

    /// Ends a member at once. Of the writes under way the first `count` survive. It stays down until
    /// `start(_:)` or `quiesce()`.
    ///
    /// - Throws: `SimulationFailure`.
    public func crash(_ member: NodeID, keeping count: Int = 0) throws(SimulationFailure) {
        try checked { () throws(Violation) in try world.crash(member, keeping: count) }
    }

    /// Starts a member that is down.
    public func start(_ member: NodeID) {
        world.start(member)
    }

    /// Cuts every link between members of different groups, until `heal()` or `quiesce()`.
    public func partition(_ groups: [[NodeID]]) {
        world.partition(groups)
    }

    /// Undoes every `partition(_:)`.
    public func heal() {
        world.heal()
    }
}

extension SimulatedLog where Machine: Equatable {
    /// Members whose state machine is not what the entries it has applied make of a new one: the machine
    /// uses something else than its slots and payloads. One sentence each; empty is well.
    public func divergences() -> [String] {
        members.compactMap { member in
            guard let copy = copies[member] else { return nil }
            var again = makeMachine()
            for entry in world.log.prefix(copy.applied) { again.apply(entry.slot, entry.payload) }
            return again == copy.machine
                ? nil : "\(member) has applied \(copy.applied) entries to another state"
        }
    }
}

/// A guarantee of the log was broken, or the log did not come to rest: an error of the log, not of who
/// uses it. The seed and the calls before it replay it.
public struct SimulationFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The seed of the log.
    public let seed: UInt64
    /// Which guarantee, and how.
    public let what: String

    /// What is wrong, with the seed.
    public var description: String { "seed \(seed): \(what)" }
}

extension Limits {
    /// The limits of a `SimulatedLog`: small windows and pages, so that little work meets every bound.
    public static var simulated: Limits {
        var limits = Limits()
        limits.maxPayloadBytes = 4 << 10
        limits.pipelineSlots = 64
        limits.pipelineBytes = 16 << 10
        limits.pageBytes = 2 << 10
        limits.checkpointSlots = 50
        return limits
    }
}
