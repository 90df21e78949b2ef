import PaxosSimulator
import Platform

@testable import PaxosCore

/// The simulated store behind the protocol of stores: every batch is flushed as it comes, on the caller's
/// thread.
final class SimulatedLogStore: LogStore {
    private struct State {
        let store: SimulatedStore
        var observer: (any StoreObserver)?
        var isClosed = false
        var failsNext = false
    }

    private let recovered: RecoveredState
    private let state: Locked<State>

    init(_ disk: SimulatedDisk, cluster: ClusterID, membership: Membership) throws {
        let store = SimulatedStore(node: 1, disk: disk)
        let recovered = store.open(cluster: cluster, membership: membership, nonce: Nonce(1))
        guard let recovered else { throw ReadFailure.closed }
        self.recovered = recovered
        state = Locked(State(store: store))
    }

    var disk: SimulatedDisk { state.withLock { $0.store.disk } }

    func recover() -> RecoveredState { recovered }

    func start(observer: any StoreObserver) {
        state.withLock { $0.observer = observer }
    }

    func failNext() {
        state.withLock { $0.failsNext = true }
    }

    func submit(_ batch: consuming WriteBatch) {
        var submitted: WriteBatch? = consume batch
        var receipt: DurabilityReceipt?
        let (observer, hasFailed) = state.withLock { state -> ((any StoreObserver)?, Bool) in
            guard let batch = submitted.take() else { return (nil, false) }
            if state.isClosed {
                batch.abandon()
                return (nil, false)
            }
            do throws(Violation) {
                try state.store.submit(batch)
                state.store.beginFlush(count: 1, merging: false)
                if state.failsNext {
                    state.failsNext = false
                    try state.store.fail(keeping: 1)
                    return (state.observer, true)
                }
                receipt = try state.store.endFlush()
            } catch {
                preconditionFailure("the suite writes what may not be written: \(error)")
            }
            return (state.observer, false)
        }
        if let receipt = receipt.take() { observer?.durable(receipt) }
        if hasFailed {
            observer?.failed(StoreFailure(operation: "flush", code: 5, detail: "simulated"))
        }
    }

    func read(
        _ slots: ClosedRange<Slot>,
        maxBytes: Int,
        withEffect: Bool,
        completion: @escaping @Sendable (Result<RowPage, ReadFailure>) -> Void
    ) {
        let result = state.withLock { state -> Result<RowPage, ReadFailure> in
            if state.isClosed { return .failure(.closed) }
            let id = ReadID(rawValue: 1)
            let request = ReadRequest(id: id, slots: slots, maxBytes: maxBytes)
            return state.store.disk.read(request)
        }
        completion(result)
    }

    func close(completion: @escaping @Sendable () -> Void) {
        state.withLock { $0.isClosed = true }
        completion()
    }
}
