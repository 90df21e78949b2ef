internal import PaxosCore
internal import Platform
internal import ReplicatedLog

extension StateMachineHost {
    /// Applies the log until the node ends or the task does.
    ///
    /// Begins with the newest snapshot that is whole, or with the machine that the host was made with, and goes
    /// on with the log behind it. What it writes into snapshots, and begins with, is compared with what the other members
    /// write at the same slots: where it differs from a majority, it ends with `HostError.diverged`. Where the log begins behind what it has applied, since this member was far behind or
    /// its log was trimmed, it goes on with the snapshot that fills the gap, if there is one. Call it once, beside the node's `run()`, or as a service of a `ServiceGroup` behind
    /// the node's: it ends with a graceful shutdown, and when the node is shut down. Whoever still waits
    /// is told.
    ///
    /// - Throws: `HostError`; `SnapshotError`, or what the machine throws, if a snapshot that is whole could not
    ///   be restored; `CancellationError` if the task was cancelled.
    public func run() async throws {
        let isFirst = state.withLock { state in
            defer { state.hasBegun = true }
            return !state.hasBegun
        }
        guard isFirst else { throw HostError.alreadyRun }
        defer { end() }
        try await ServiceEnd.endingWithGroup { try await self.follow() }
        try Task.checkCancellation()
    }

    private func end() {
        let (callers, readers) = state.withLock { state in
            state.isOver = true
            defer { state.readers = [:] }
            return (state.performs.takeAll(), Array(state.readers.values))
        }
        for caller in callers { caller.resume(returning: .not(.stopped)) }
        for reader in readers { reader.continuation.resume() }
    }

    /// Begins with the newest snapshot that can be read to its end.
    private func restore() async throws {
        let snapshots: [LogSnapshot]
        do throws(SnapshotError) {
            snapshots = try await node.openSnapshots()
        } catch {
            // Of none that is there anything can be read. The log may still lead here from its beginning; where
            // it does not, that is met as a gap.
            guard case .damaged = error else { throw error }
            return
        }
        for snapshot in snapshots {
            do {
                let machine = try await snapshot.read { try Machine(restoring: &$0) }
                begin(with: machine, at: snapshot.info.slot)
                return await compare(snapshot)
            } catch let error as SnapshotError {
                guard case .damaged = error else { throw error }
            }
        }
    }

    /// The log begins behind what the machine has applied: it goes on with the state of a snapshot. False if that is
    /// not what was written.
    private func goOn(behind snapshot: LogSnapshot, _ through: Slot) async throws -> Bool {
        do {
            let machine = try await snapshot.read { try Machine(restoring: &$0) }
            // Of it nobody is told: another member has said so already, and would count twice.
            begin(with: machine, at: through)
            return true
        } catch let error as SnapshotError {
            guard case .damaged = error else { throw error }
            return false
        }
    }

    /// Of the snapshot that a process begins with the others are told, as of what it writes. Where that cannot be read in this moment the
    /// next one is compared.
    private func compare(_ snapshot: LogSnapshot) async {
        try? await node.compare(snapshot, form: Machine.snapshotForm)
    }

    /// Ends with an error once a majority of the members has another state than this one.
    private func watch() async throws {
        var events = node.events.makeAsyncIterator()
        // What was found before is not told again; and what is dropped of the events shows here.
        repeat {
            if let found = node.status.divergence, found.verdict == .here {
                throw HostError.diverged(found)
            }
        } while await events.next() != nil
    }

    private func begin(with machine: Machine, at slot: Slot) {
        state.withLock { state in
            state.machine = machine
            state.applied = slot
            state.restored = slot
            state.snapshots.newest = slot
            state.snapshots.tried = slot
        }
        passed(through: slot)
    }

    private func follow() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await self.watch()
                return false
            }
            group.addTask {
                try await self.applyLog()
                return true
            }
            // Of a node that ends the events may end before the log does.
            while let isOver = try await group.next(), !isOver {}
            group.cancelAll()
        }
    }

    private func applyLog() async throws {
        try await restore()
        let own = node.session
        try await withThrowingDiscardingTaskGroup { group in
            var log = node.subscribe(from: status.appliedSlot.next).makeAsyncIterator()
            // One that is being written ends with its host.
            defer { group.cancelAll() }
            while let event = try await next(&log) {
                switch event {
                case .entry(let slot, let payload, _):
                    let isOwn = log.token?.node == own.node && log.token?.boot == own.boot
                    try apply(payload, at: slot, isOwn: isOwn)
                    guard log.endsBatch, let copy = due(at: slot) else { continue }
                    group.addTask { await self.writeSnapshot(copy, at: slot) }
                case .progress(let slot):
                    state.withLock { $0.applied = max($0.applied, slot) }
                    passed(through: slot)
                case .gap(let through, .snapshot(let snapshot)):
                    guard try await !goOn(behind: snapshot, through) else { continue }
                    // Another one may fill the gap, or nothing.
                    log = node.subscribe(from: status.appliedSlot.next).makeAsyncIterator()
                case .gap(let through, _):
                    throw HostError.gap(through: through)
                @unknown default:
                    throw HostError.gap(through: event.through)
                }
            }
        }
    }

    /// The next event; `nil` if the node was shut down or the task is cancelled.
    private func next(
        _ log: inout LogNode.Subscription.Iterator
    ) async throws(HostError) -> LogNode.Subscription.Event? {
        do throws(ReadError) {
            return try await log.next()
        } catch {
            if case .closed = error { return nil }
            throw .log(error)
        }
    }

    private func apply(_ payload: [UInt8], at slot: Slot, isOwn: Bool) throws(HostError) {
        let command: Machine.Command
        do {
            command = try Machine.Command(decoding: payload)
        } catch {
            throw .undecodable(slot, error)
        }
        let (result, caller) = state.withLock { state in
            let result = state.machine.apply(command, at: slot)
            state.applied = slot
            return (result, state.performs.applied(slot, result, isOwn: isOwn))
        }
        caller?.resume(returning: .applied(result))
        passed(through: slot)
    }

    /// Wakes the readers who wait for this slot or one before, and callers whose commands are in what was
    /// restored.
    private func passed(through slot: Slot) {
        let (callers, readers) = state.withLock { state in
            let due = state.readers.filter { $0.value.slot <= slot }
            for number in due.keys { state.readers[number] = nil }
            return (state.performs.passed(slot), due.values.map(\.continuation))
        }
        for caller in callers { caller.resume(returning: .not(.restored)) }
        for reader in readers { reader.resume() }
    }

    // MARK: - Snapshots

    /// The state to be written at this slot, if it is time. While one is being written it is left out, and not made up
    /// for at another slot, where no other member writes one.
    private func due(at slot: Slot) -> Machine? {
        guard let entries = policy.entries else { return nil }
        return state.withLock { state in
            guard slot.rawValue / entries > state.snapshots.tried.rawValue / entries else {
                return nil
            }
            state.snapshots.tried = slot
            guard !state.snapshots.isWriting else { return nil }
            state.snapshots.isWriting = true
            return state.machine
        }
    }

    private func writeSnapshot(_ machine: Machine, at slot: Slot) async {
        var failure: UnderlyingError?
        do {
            try await node.writeSnapshot(through: slot) { try machine.snapshot(into: &$0) }
            try? await node.compareSnapshot(of: slot, form: Machine.snapshotForm)
        } catch {
            failure = UnderlyingError(error)
        }
        state.withLock { state in
            state.snapshots.isWriting = false
            state.snapshots.failure = failure
            if failure == nil { state.snapshots.newest = slot }
        }
    }
}
