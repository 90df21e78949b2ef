public import ReplicatedLog

extension StateMachineHost {
    /// Something of the state, as it is now and then each time that it differs: what watches are made of.
    ///
    /// ```swift
    /// for try await change in accounts.changes(of: { $0.balance }) { print(change.value, change.slot) }
    /// ```
    ///
    /// Reads what is applied here, so it may lag behind other members, and never goes back. Who is slower than the log
    /// is told the newest and not what was between: nothing is kept for it. It ends when its task is cancelled.
    ///
    /// - Parameters:
    ///   - slot: Nothing is told before what is applied here reaches this slot: with the slot of a change that another
    ///     member has told, one who changes members is told nothing older.
    ///   - body: Looks at the state. Nothing is applied meanwhile: keep it short.
    public func changes<Value: Equatable & Sendable>(
        from slot: Slot = .zero,
        of body: @escaping @Sendable (Machine) -> Value
    ) -> StateChanges<Machine, Value> {
        StateChanges(host: self, from: slot, body: body)
    }
}

/// Something of the state of a `StateMachineHost`, each time that it differs.
public struct StateChanges<
    Machine: ReplicatedStateMachine,
    Value: Equatable & Sendable
>: AsyncSequence, Sendable {
    /// A value, and the slot through which the state was applied that it is of.
    public struct Change: Sendable {
        /// What the closure made of the state.
        public let value: Value
        /// Every slot up to here was applied.
        public let slot: Slot
    }

    fileprivate let host: StateMachineHost<Machine>
    fileprivate let from: Slot
    fileprivate let body: @Sendable (Machine) -> Value

    fileprivate init(
        host: StateMachineHost<Machine>,
        from: Slot,
        body: @escaping @Sendable (Machine) -> Value
    ) {
        self.host = host
        self.from = from
        self.body = body
    }

    /// Makes an iterator; each begins with the value of then.
    public func makeAsyncIterator() -> Iterator { Iterator(changes: self, next: from) }

    /// Tells one change after the other.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let changes: StateChanges
        /// Nothing newer can be told before this slot is applied.
        fileprivate var next: Slot
        private var told: Value?

        fileprivate init(changes: StateChanges, next: Slot) {
            self.changes = changes
            self.next = next
        }

        /// Waits for the next change.
        ///
        /// - Throws: `StateReadError`: the host has ended, or the task was cancelled.
        public mutating func next(
            isolation: isolated (any Actor)? = #isolation
        ) async throws(StateReadError) -> Change? {
            while true {
                try await changes.host.wait(for: next)
                let (value, slot) = changes.host.applied(changes.body)
                next = slot.next
                guard value != told else { continue }
                told = value
                return Change(value: value, slot: slot)
            }
        }
    }
}
