internal import PaxosCore
internal import Platform

/// What waits for the store thread: one batch, into which every later one is merged. There is no timer;
/// the group is what arrived during the flush before.
final class WriteQueue: Sendable {
    private struct State: ~Copyable {
        var waiting: WriteBatch?
        var merged = 0
        var bytes = 0
        var observer: (any StoreObserver)?
        /// Nothing new is taken; what was is finished.
        var isClosing = false
        var failure: StoreFailure?
    }

    /// What the store thread takes out.
    struct Taken: ~Copyable {
        var batch: WriteBatch?
        /// How many submissions the batch holds, and their payload bytes.
        var merged: Int
        var bytes: Int
        let observer: (any StoreObserver)?
        let isClosing: Bool
    }

    private let state = Locked(State())
    /// Puts the store thread to sleep.
    let parker = Parker()

    func submit(_ batch: consuming WriteBatch) {
        let bytes = batch.rows.payloadBytes
        var submitted: WriteBatch? = consume batch
        state.withLock { state in
            guard !state.isClosing, state.failure == nil, let batch = submitted.take() else {
                return
            }
            state.merged += 1
            state.bytes += bytes
            if var waiting = state.waiting.take() {
                waiting.merge(batch)
                state.waiting = consume waiting
            } else {
                state.waiting = consume batch
            }
        }
        if let refused = submitted.take() {
            // Failed or closing: it is never spoken of again (`R30`).
            refused.abandon()
        } else {
            parker.unpark()
        }
    }

    func take() -> Taken {
        state.withLock { state in
            // Without an observer nobody would hear of the receipt.
            let batch = state.observer == nil ? nil : state.waiting.take()
            let merged = batch == nil ? 0 : state.merged
            let bytes = batch == nil ? 0 : state.bytes
            if batch != nil {
                state.merged = 0
                state.bytes = 0
            }
            return Taken(
                batch: batch,
                merged: merged,
                bytes: bytes,
                observer: state.observer,
                isClosing: state.isClosing
            )
        }
    }

    /// Bytes of payload that wait.
    var waitingBytes: Int { state.withLock { $0.bytes } }

    var isEmpty: Bool { state.withLock { $0.waiting == nil } }

    var failure: StoreFailure? { state.withLock { $0.failure } }

    func start(observer: any StoreObserver) {
        state.withLock { state in
            precondition(state.observer == nil, "a store is started once")
            state.observer = observer
        }
        parker.unpark()
    }

    func close() {
        state.withLock { $0.isClosing = true }
        parker.unpark()
    }

    /// Takes nothing more, ever, and gives up what waits (`R30`).
    func fail(_ failure: StoreFailure) {
        abandon { $0.failure = failure }
    }

    /// The store thread ends: lets go of the observer and of what nobody took.
    func end() {
        abandon { state in
            state.isClosing = true
            state.observer = nil
        }
    }

    private func abandon(_ change: (inout State) -> Void) {
        var abandoned: WriteBatch? = nil
        state.withLock { state in
            change(&state)
            abandoned = state.waiting.take()
            state.bytes = 0
        }
        abandoned.take()?.abandon()
    }
}

extension WriteRows {
    var payloadBytes: Int {
        accepted.reduce(0) { $0 + $1.run.payloadBytes }
    }
}
