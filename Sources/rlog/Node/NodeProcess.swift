import Platform
import ReplicatedLog

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A node between two pipes: lines in, lines out, until it is told to end or cannot go on.
final class NodeProcess: Sendable {
    let log: LogNode
    let transport: WatchedTransport?
    let subscriptions = Locked<[String: Task<Void, Never>]>([:])
    /// Somebody wants the node to end.
    private let ending = Event()
    private let intake: Intake

    init(_ log: LogNode, _ transport: WatchedTransport?) {
        self.log = log
        self.transport = transport
        // A batch in base 64, or in text with every character escaped.
        intake = Intake(maxLineBytes: 6 * log.configuration.limits.maxBatchBytes + (1 << 16))
    }

    /// How long requests may take to end by themselves at the end of the input, and once the node is over.
    private static let patience = Duration.milliseconds(1_500)

    func run(until termination: SignalWatch) async throws(Failure) -> ExitStatus {
        let outlet: Outlet
        do throws(PosixError) {
            outlet = try Outlet()
        } catch {
            await log.close()
            throw Failure(error)
        }
        let over = Event()
        let running = Task { [self] in
            let failure = await runNode()
            over.set()
            return failure
        }
        await started(or: over)
        if over.hasHappened {
            throw await running.value
                ?? Failure(.unavailable, "closed", "the node ended at its start")
        }
        await announce(outlet)
        termination.onSignal { [ending] _ in ending.set() }
        do throws(PosixError) {
            try intake.begin { [self] line in
                Task { await answer(line, outlet) }
            } end: { [self] in
                wait(for: Self.patience)
                ending.set()
            }
        } catch {
            ending.set()
        }
        await first(ending, over)
        await log.shutdown()
        let failure = await running.value
        for task in subscriptions.withLock({ Array($0.values) }) { task.cancel() }
        await offPool { [self] in
            wait(for: Self.patience)
            outlet.drain(atMost: .milliseconds(250))
        }
        if let failure { throw failure }
        return .done
    }

    private func started(or over: Event) async {
        guard let transport else { return }
        await transport.started()
        if transport.startFailure != nil { await over.wait() }
    }

    private func announce(_ outlet: Outlet) async {
        let status = await log.status
        await outlet.write(
            .object([
                ("event", .string("ready")), ("id", .unsigned(status.node.rawValue)),
                ("pid", .integer(Int(getpid()))),
                ("committed_slot", .unsigned(status.committedSlot.rawValue)),
                ("incarnation", .string(log.incarnation.description)),
            ])
        )
    }

    /// What ended the node, if it was not asked to.
    private func runNode() async -> Failure? {
        do {
            try await log.run()
            return nil
        } catch LogRunError.storeFailed(let what) {
            return Failure(
                .storageFailed,
                Failure.storeFailed,
                "storage of \(log.directory) failed (\(what)): check the disk and the system's log"
            )
        } catch {
            return transport?.startFailure
                ?? Failure(.unavailable, "not_run", "the node on \(log.directory): \(error)")
        }
    }

    /// Waits until every request has its answer, for so long at most. Blocks its thread.
    private func wait(for limit: Duration) {
        let end = MonotonicClock.now().advanced(by: limit)
        let parker = Parker()
        while intake.pending > 0, MonotonicClock.now() < end {
            _ = parker.park(timeout: .milliseconds(1))
        }
    }

    // MARK: - Requests

    private func answer(_ line: [UInt8]?, _ outlet: Outlet) async {
        defer { intake.answered() }
        let request: Request
        do throws(InvalidRequest) {
            guard let line else { throw InvalidRequest("the line is too long") }
            request = try Request(line)
        } catch {
            await outlet.write(.object([("error", .string(error.reason))]))
            return
        }
        let answer: [(String, JSON)]
        switch request.operation {
        case .append(let payload, let timeout): answer = await append(payload, timeout)
        case .appendBatch(let payloads, let timeout):
            answer = await append(contentsOf: payloads, timeout)
        case .barrier(let timeout): answer = await barrier(timeout)
        case .read(let slots): answer = await read(slots)
        case .subscribe(let slot):
            guard let refusal = subscribe(request.id, from: slot, outlet) else { return }
            answer = refusal
        case .unsubscribe: answer = unsubscribe(request.id)
        case .status: answer = await status()
        case .shutdown:
            await log.shutdown()
            answer = [("event", .string("closed"))]
        case .unsupported: answer = [("error", .string("unsupported"))]
        }
        await outlet.write(.object([("id", request.id)] + answer))
        if case .shutdown = request.operation { ending.set() }
    }

    /// Each event is a line; the next is pulled when the one before has left.
    private func subscribe(
        _ id: JSON,
        from slot: Slot,
        _ outlet: Outlet
    ) -> [(String, JSON)]? {
        subscriptions.withLock { subscriptions in
            guard subscriptions[id.text] == nil else {
                return [("error", .string("there is a subscription with this id"))]
            }
            subscriptions[id.text] = Task {
                do throws(ReadError) {
                    var events = log.subscribe(from: slot).makeAsyncIterator()
                    while let event = try await events.next() {
                        await outlet.write(.object([("id", id)] + event.fields))
                    }
                } catch {
                    await outlet.write(.object([("id", id)] + error.fields))
                }
                endSubscription(id)
            }
            return nil
        }
    }

    private func endSubscription(_ id: JSON) {
        subscriptions.withLock { $0[id.text] = nil }
    }

    private func unsubscribe(_ id: JSON) -> [(String, JSON)] {
        guard let task = subscriptions.withLock({ $0[id.text] }) else {
            return [("error", .string("there is no subscription with this id"))]
        }
        task.cancel()
        return [("event", .string("unsubscribed"))]
    }
}

/// Returns when one of two things has happened.
private func first(_ one: Event, _ other: Event) async {
    let either = Event()
    let tasks = [one, other].map { event in
        Task {
            await event.wait()
            either.set()
        }
    }
    await either.wait()
    for task in tasks { task.cancel() }
}

/// Runs what blocks on a thread of its own.
private func offPool(_ body: @escaping @Sendable () -> Void) async {
    _ = await offPool { () throws(Failure) in body() }
}
