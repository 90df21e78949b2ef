import LogCommands
import Platform
import ReplicatedLog
import ReplicatedLogTCP

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
    /// Until when it is waited for what, once somebody wants that.
    private let end = EndClock()
    private let requestLines: RequestLines

    /// Answers of pages that are being read or wait to be written: a few, whoever asks for more.
    private let pages = Turns(4)
    /// Events of subscriptions that wait to be written: a few, however many subscriptions there are. Those
    /// that are to be read from the disk have turns of their own, so that a slow one holds up no others.
    private let events = (warm: Turns(16), cold: Turns(16))

    init(_ log: LogNode, _ transport: WatchedTransport?) {
        self.log = log
        self.transport = transport
        let limits = log.configuration.limits
        requestLines = RequestLines(
            // A batch in base 64, or in text with every character escaped.
            maxLineBytes: 6 * limits.maxBatchBytes + (1 << 16),
            // The inbox has room for all of it: nobody waits for that with a payload in hand.
            maxBytes: min(limits.inboxBytes / 2, 32 << 20)
        )
    }

    /// How long the answers of a node whose store has failed may take: with what it takes to notice, and to
    /// stop, 2 s at most.
    static let failurePatience = Duration.seconds(1)

    func run(until termination: SignalWatch) async throws(Failure) -> ExitStatus {
        let outlet: Outlet
        do throws(PosixError) {
            outlet = try Outlet { [ending] in ending.set() }
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
        let reminder = Task { await remindOfCertificate() }
        termination.onSignal { [self] _ in finish() }
        do throws(PosixError) {
            try requestLines.begin { [self] line in
                take(line, outlet)
            } end: { [self] in
                wait(until: end.begin().requests)
                ending.set()
            }
        } catch {
            finish()
        }
        await first(ending, over)
        let times = end.begin()
        await shutDown(until: times.shutdown)
        let failure = await running.value
        reminder.cancel()
        for task in subscriptions.withLock({ Array($0.values) }) { task.cancel() }
        let lastWord = Self.lastWord(
            by: times.answers,
            after: failure,
            now: MonotonicClock.now()
        )
        await offPool { [self] in
            wait(until: lastWord)
            outlet.drain(until: lastWord)
        }
        if let failure { throw failure }
        guard !outlet.isBroken else { throw Failure(.unread, "unread", Output.unread) }
        return .done
    }

    /// Until when answers are waited for, of a node that has ended with `failure` or in order.
    static func lastWord(
        by end: MonotonicInstant,
        after failure: Failure?,
        now: MonotonicInstant
    ) -> MonotonicInstant {
        guard failure?.isOfStore == true else { return end }
        return min(end, now.advanced(by: failurePatience))
    }

    /// Somebody wants the node to end now.
    private func finish() {
        _ = end.begin()
        ending.set()
    }

    /// In order, and if that takes too long without waiting for what is in flight.
    private func shutDown(until limit: MonotonicInstant) async {
        let left = MonotonicClock.now().duration(to: limit)
        let closing = Task { [log] in
            try await Task.sleep(for: max(.zero, left))
            await log.close()
        }
        await log.shutdown()
        closing.cancel()
    }

    /// Once a day, when it is time for another certificate.
    private func remindOfCertificate() async {
        guard let tls = transport?.tls else { return }
        repeat {
            if tls.isExpiring {
                Output.complain("warning: the certificate expires at \(tls.expires): issue another")
            }
        } while await (try? Task.sleep(for: .seconds(86_400))) != nil
    }

    private func started(or over: Event) async {
        guard let transport else { return }
        await transport.started()
        if transport.startFailure != nil { await over.wait() }
    }

    private func announce(_ outlet: Outlet) async {
        let status = log.status
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

    /// Waits until every request has its answer, until then at most. Blocks its thread.
    private func wait(until end: MonotonicInstant) {
        let parker = Parker()
        while requestLines.pending > 0, MonotonicClock.now() < end {
            _ = parker.park(timeout: .milliseconds(1))
        }
    }

    private static let maxSubscriptions = 1_024

    // MARK: - Requests

    /// Reads a line on the input's thread, and leaves what it asks for to the pool.
    private func take(_ line: [UInt8]?, _ outlet: Outlet) {
        let bytes = line?.count ?? 0
        let outcome: Result<Request, InvalidRequest>
        do throws(InvalidRequest) {
            guard let line else { throw InvalidRequest("the line is too long") }
            outcome = .success(try Request(line))
        } catch {
            outcome = .failure(error)
        }
        Task {
            switch outcome {
            case .success(let request): await answer(request, outlet)
            case .failure(let error):
                await outlet.write(.object([("error", .string(error.reason))]))
            }
            requestLines.answered(bytes)
        }
    }

    private func answer(_ request: Request, _ outlet: Outlet) async {
        let answer: [(String, JSON)]
        switch request.operation {
        case .append(let payload, let slot, let timeout, let onUnknown):
            answer = await append(payload, at: slot, timeout, onUnknown)
        case .appendBatch(let payloads, let slot, let timeout, let onUnknown):
            answer = await append(contentsOf: payloads, at: slot, timeout, onUnknown)
        case .resolve(let token, let settle, let timeout):
            answer = await resolve(token, settle, timeout)
        case .barrier(let timeout): answer = await barrier(timeout)
        case .read(let slots):
            guard await pages.take() else { return }
            let page = await read(slots)
            await outlet.writePage { .object([("id", request.id)] + page()) }
            pages.give()
            return
        case .subscribe(let slot):
            guard let refusal = subscribe(request.id, from: slot, outlet) else { return }
            answer = refusal
        case .events:
            guard let refusal = watchEvents(request.id, outlet) else { return }
            answer = refusal
        case .unsubscribe: answer = unsubscribe(request.id)
        case .trim(let slot, let pastSnapshots, let pastCursors, let timeout):
            answer = await trim(slot, pastSnapshots, pastCursors, timeout)
        case .cursor(let name, let slot, let timeout): answer = await cursor(name, slot, timeout)
        case .removeCursor(let name, let timeout): answer = await removeCursor(name, timeout)
        case .wait(let slot, let timeout): answer = await wait(for: slot, timeout)
        case .snapshot(let slot, let state): answer = await snapshot(through: slot, state)
        case .transfer(let node, let timeout): answer = await transfer(to: node, timeout)
        case .explain:
            answer = [("explanations", .array(await log.explain().map(\.json)))]
        case .status: answer = status()
        case .shutdown:
            finish()
            await log.shutdown()
            answer = [("event", .string("closed"))]
        case .unsupported: answer = [("error", .string("unsupported"))]
        }
        await outlet.write(.object([("id", request.id)] + answer))
    }

    /// Each event is a line; the next is pulled when the one before has left.
    private func subscribe(
        _ id: JSON,
        from slot: Slot,
        _ outlet: Outlet
    ) -> [(String, JSON)]? {
        beginSubscription(id) { [self] in
            do throws(ReadError) {
                var iterator = log.subscribe(from: slot).makeAsyncIterator()
                while try await deliver(&iterator, of: id, outlet) {}
            } catch {
                await outlet.write(.object([("id", id)] + error.fields))
            }
        }
    }

    /// Lets something go on under an id until somebody unsubscribes; or says why not.
    func beginSubscription(
        _ id: JSON,
        _ body: @escaping @Sendable () async -> Void
    ) -> [(String, JSON)]? {
        subscriptions.withLock { subscriptions in
            guard subscriptions[id.text] == nil else {
                return [("error", .string("there is a subscription with this id"))]
            }
            guard subscriptions.count < Self.maxSubscriptions else {
                return [("error", .string("there are \(Self.maxSubscriptions) subscriptions"))]
            }
            subscriptions[id.text] = Task {
                await body()
                endSubscription(id)
            }
            return nil
        }
    }

    /// Pulls an event when it is this subscription's turn, and writes it.
    ///
    /// - Returns: False at the end of the subscription.
    private func deliver(
        _ iterator: inout LogNode.Subscription.Iterator,
        of id: JSON,
        _ outlet: Outlet
    ) async throws(ReadError) -> Bool {
        let turns = await iterator.ready() ? events.warm : events.cold
        guard await turns.take() else { return false }
        defer { turns.give() }
        guard let event = try await iterator.next() else { return false }
        await outlet.write(.object([("id", id)] + event.fields))
        return true
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
