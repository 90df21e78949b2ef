internal import PaxosCore
internal import Platform
public import ReplicatedLog

/// When a host writes snapshots.
public struct SnapshotPolicy: Hashable, Sendable {
    /// Where so many slots of the log are full, and as many once more; never if there is no number.
    let entries: UInt64?

    /// Never: every start applies the whole log.
    public static let never = SnapshotPolicy(entries: nil)

    /// Behind the first command at or beyond each multiple of so many slots, so that members who are told the same
    /// write theirs at the same slots, and can compare them. One that is due while another is being written is left out.
    public static func every(entries: Int) -> SnapshotPolicy {
        SnapshotPolicy(entries: UInt64(max(1, entries)))
    }
}

/// Whether a read sees all that was acknowledged anywhere before it.
public enum ReadFreshness: Hashable, Sendable {
    /// It does: a barrier is reached, and applied here, first.
    case linearizable
    /// What is here, which may lag.
    case local
}

/// Runs a state machine on a node: applies every command of the log in order, hands callers what theirs came
/// to, writes snapshots and begins with the newest one.
///
/// ```swift
/// let accounts = StateMachineHost(node: node, machine: Accounts(), snapshots: .every(entries: 100_000))
/// try await withThrowingTaskGroup(of: Void.self) { group in
///     group.addTask { try await node.run() }
///     group.addTask { try await accounts.run() }
///     let balance = try await accounts.perform(.pay(17))
///     let now = try await accounts.read { $0.balance }
/// }
/// ```
///
/// Every member of the cluster runs one, with a machine that begins alike, and commands may be performed on any of
/// them. Calls made before `run()` wait for it. Any task may call.
public final class StateMachineHost<Machine: ReplicatedStateMachine>: Sendable {
    struct State {
        var machine: Machine
        /// Every slot up to here is applied.
        var applied = Slot.zero
        /// The slot of the snapshot that it began with.
        var restored = Slot.zero
        var performs = Performs<Machine.Result>()
        var readers: [UInt64: Reader] = [:]
        var nextReader: UInt64 = 1
        var hasBegun = false
        var isOver = false
        var snapshots = Snapshots()
    }

    struct Reader {
        let slot: Slot
        let continuation: UnsafeContinuation<Void, Never>
    }

    struct Snapshots {
        var isWriting = false
        /// The slot of the newest, and the last that was tried.
        var newest = Slot.zero
        var tried = Slot.zero
        var failure: UnderlyingError?
    }

    /// The node whose log is applied.
    public let node: LogNode
    let policy: SnapshotPolicy
    let state: Locked<State>

    /// Makes a host of a node. Nothing happens before `run()`.
    ///
    /// - Parameters:
    ///   - node: Whose log is applied; somebody else runs it.
    ///   - machine: The state before the first command, the same on every member and at every start.
    ///   - snapshots: When the state is written to the node's directory. From here on the node's log is kept whole
    ///     until there is a first one.
    public init(node: LogNode, machine: Machine, snapshots: SnapshotPolicy = .never) {
        self.node = node
        policy = snapshots
        if snapshots != .never { node.awaitSnapshots() }
        state = Locked(State(machine: machine))
    }

    /// How far the host has come.
    public var status: HostStatus {
        state.withLock { state in
            HostStatus(
                appliedSlot: state.applied,
                snapshotSlot: state.snapshots.newest,
                snapshotFailure: state.snapshots.failure
            )
        }
    }

    // MARK: - Commands

    /// Appends a command, waits until it is applied here, and returns what it came to.
    ///
    /// The command has its effect once, on every member, whatever is retried on the way.
    ///
    /// - Parameters:
    ///   - command: What is to be done.
    ///   - timeout: How long the way into the log may take; `Limits.appendTimeout` if not given.
    ///     Behind that the command is certain to be applied, here as soon as this member has come so far: to
    ///     wait no longer, cancel the task.
    /// - Throws: `PerformError`.
    @discardableResult
    public func perform(
        _ command: Machine.Command,
        timeout: Duration? = nil
    ) async throws(PerformError) -> Machine.Result {
        let payload: [UInt8]
        do {
            payload = try command.encoded()
        } catch {
            throw .notEncoded(error)
        }
        let begun = state.withLock { $0.isOver ? nil : $0.performs.begin() }
        guard let begun else { throw .never(.never(.closed)) }
        defer { state.withLock { $0.performs.end(begun) } }
        let slot: Slot
        do throws(AppendError) {
            slot = try await node.append(payload, timeout: timeout)
        } catch {
            if case .unknown(let token, let reason) = error { throw .unknown(token, reason) }
            throw .never(error)
        }
        switch await outcome(at: slot) {
        case .applied(let result): return result
        case .not(let reason): throw .appliedElsewhere(slot, reason)
        }
    }

    /// What the command of a slot that is committed came to here.
    private func outcome(at slot: Slot) async -> Performs<Machine.Result>.Outcome {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let outcome = state.withLock { state -> Performs<Machine.Result>.Outcome? in
                    if let result = state.performs.take(slot) { return .applied(result) }
                    if slot <= state.restored { return .not(.restored) }
                    if slot <= state.applied { return .not(.forgotten) }
                    if state.isOver { return .not(.stopped) }
                    // Its handler may have run before there was anybody to give up.
                    if Task.isCancelled { return .not(.cancelled) }
                    state.performs.wait(for: slot, continuation)
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            state.withLock { $0.performs.giveUp(slot) }?.resume(returning: .not(.cancelled))
        }
    }

    // MARK: - Reading

    /// Reads the state.
    ///
    /// - Parameters:
    ///   - freshness: Whether all that was acknowledged before, on any member, must be in it.
    ///   - timeout: How long the barrier may take; `Limits.appendTimeout` if not given.
    ///   - body: Looks at the state. Nothing is applied meanwhile: keep it short.
    /// - Throws: `StateReadError`, or what the closure throws.
    public func read<Value: Sendable>(
        _ freshness: ReadFreshness = .linearizable,
        timeout: Duration? = nil,
        _ body: (Machine) throws -> Value
    ) async throws -> Value {
        try await read(freshness, timeout: timeout) { machine, _ in try body(machine) }
    }

    /// Reads the state and the slot through which it is applied; as `read(_:timeout:_:)`.
    public func read<Value: Sendable>(
        _ freshness: ReadFreshness = .linearizable,
        timeout: Duration? = nil,
        _ body: (Machine, Slot) throws -> Value
    ) async throws -> Value {
        if freshness == .linearizable {
            let slot: Slot
            do throws(BarrierError) {
                slot = try await node.barrier(timeout: timeout)
            } catch {
                throw StateReadError.barrier(error)
            }
            try await wait(for: slot)
        }
        return try state.withLock { state in try body(state.machine, state.applied) }
    }

    /// Something of the state, and the slot through which it is applied.
    func applied<Value>(_ body: (Machine) -> Value) -> (Value, Slot) {
        state.withLock { (body($0.machine), $0.applied) }
    }

    /// Waits until a slot is applied here.
    ///
    /// - Throws: `StateReadError`.
    public func wait(for slot: Slot) async throws(StateReadError) {
        let number = state.withLock { state in
            defer { state.nextReader += 1 }
            return state.nextReader
        }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let isDue = state.withLock { state in
                    if slot <= state.applied || state.isOver || Task.isCancelled { return true }
                    state.readers[number] = Reader(slot: slot, continuation: continuation)
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.readers.removeValue(forKey: number) }?.continuation.resume()
        }
        let (isApplied, isOver) = state.withLock { ($0.applied >= slot, $0.isOver) }
        guard !isApplied else { return }
        throw isOver ? .stopped : .cancelled
    }
}

/// A host's account of itself.
public struct HostStatus: Hashable, Sendable {
    /// Every slot up to here is applied.
    public let appliedSlot: Slot
    /// The slot of the newest snapshot; 0 if there is none.
    public let snapshotSlot: Slot
    /// Why the last one was not written. The host goes on, and tries again when as much was applied once more.
    public let snapshotFailure: UnderlyingError?
}
