internal import LogStorage
internal import PaxosCore
internal import Platform

/// The loop of a node, on one thread of its own: takes everything that has arrived, steps the core once with it
/// and with as much of the inbox as it takes then, and carries out what the step asks for.
///
/// The loop never waits for the disk: the store has a thread too, and tells the inbox.
final class Driver: Sendable {
    /// Who this process of the node is.
    let identity: NodeIdentity
    private let store: any NodeStore
    /// Who is told how far the log is durably trimmed.
    private let noteTrimmed: @Sendable (Slot) -> Void
    private let courier: SnapshotCourier
    private let transport: (any LogTransport)?
    private let inbox: Inbox
    private let tail: Tail
    private let clock: TickClock
    private let parker: Parker
    private let lines: LogQueue
    private let events: EventHub
    private let metrics: EngineMetrics.Backend?
    /// Until `run()` takes it.
    private let core: Locked<NodeCore?>
    private let limits: Limits
    private let published: Locked<CoreStatus>

    init(
        limits: Limits,
        policy: TrimPolicy,
        place: LeadershipPlace,
        store: any NodeStore,
        recovered: RecoveredState,
        noteTrimmed: @escaping @Sendable (Slot) -> Void,
        courier: SnapshotCourier,
        transport: (any LogTransport)?,
        inbox: Inbox,
        tail: Tail,
        clock: TickClock,
        parker: Parker,
        lines: LogQueue,
        events: EventHub,
        metrics: EngineMetrics.Backend?
    ) {
        self.limits = limits
        self.store = store
        self.noteTrimmed = noteTrimmed
        self.courier = courier
        self.transport = transport
        self.inbox = inbox
        self.tail = tail
        self.clock = clock
        self.parker = parker
        self.lines = lines
        self.events = events
        self.metrics = metrics
        let core = NodeCore(
            recovered: recovered,
            limits: limits,
            policy: policy,
            place: place,
            seed: SystemRandom.uint64()
        )
        identity = core.identity
        published = Locked(core.status)
        self.core = Locked(core)
    }

    /// The core's account of itself after the last step.
    var status: CoreStatus { published.withLock { $0 } }

    /// What ended the node, if something did.
    var failure: StoreFailure? { status.failure }

    /// Runs until the core has closed or failed. Nobody whom the core has heard of is left waiting when
    /// it returns. Once only.
    func run() {
        guard var core = core.withLock({ $0.take() }) else { return }
        var next: Inbox.Taken? = Inbox.Taken(arrivals: Arrivals(now: clock.now))
        var observer = makeObserver()
        defer { observer.end() }
        var gathering = Gathering()
        var told = core.status.trimmed
        inbox.drive()
        while true {
            guard let taken = next.take() else {
                sleep(until: min(core.nextDeadline, observer.due), or: gathering)
                observer.catchUp(now: clock.now)
                next = take(for: core, gathering)
                continue
            }
            let isFlushed = taken.arrivals.receipt != nil
            let offersAppends = taken.offersAppends
            let explains = taken.explains
            let step = core.begin(taken.arrivals)
            // What has arrived may have made room, or brought a leader: those who wait for it go on now.
            let appends = offersAppends ? inbox.take(step.appetite) : []
            var output = core.finish(step, taking: appends)
            // First what others wait for: an Accept travels while the own write is made.
            if !output.messages.isEmpty { transport?.send(output.messages) }
            if let write = output.write.take() { store.submit(write) }
            for request in output.reads { read(request) }
            let status = core.status
            observer.show(status)
            let isTrimmed = status.trimmed > told
            if isTrimmed {
                // Before subscribers meet the gap that a snapshot may fill.
                told = status.trimmed
                noteTrimmed(told)
            }
            // A taken snapshot counts as one from here on: what is begun next leaves it.
            for task in output.snapshots { perform(task) }
            tail.deliver(
                output.takeDelivered(),
                through: core.delivered,
                passed: output.passed,
                ineffective: output.ineffective,
                checkpointed: output.checkpointed,
                trimmed: status.trimmed,
                gone: isTrimmed ? store.base.slot : .zero
            )
            observer.note(output.facts, now: clock.now)
            if let refusal = output.refusal { inbox.refuse(refusal) }
            let callers = inbox.reply(output.replies)
            if !explains.isEmpty {
                let found = core.explanations
                for one in explains { one.resume(returning: found) }
            }
            let shown = Gathering.Step(
                isAwaited: core.isAwaited,
                isWriting: core.isWriting,
                isFlushed: isFlushed,
                callers: callers
            )
            gathering.note(shown, leads: core.leads, at: MonotonicClock.now())
            observer.record(afterWrite: isFlushed, now: clock.now) {
                EngineMetrics.Reading(
                    status: status,
                    store: store.counters,
                    inboxBytes: inbox.held.bytes,
                    droppedMessages: inbox.droppedMessages
                )
            }
            if output.isClosed { break }
            next = take(for: core, gathering)
        }
    }

    private func makeObserver() -> Observer {
        let lines = FactLines(
            node: identity.node,
            limits: limits,
            isSilent: self.lines.isSilent,
            log: self.lines.add
        )
        return Observer(
            lines: lines,
            metrics: metrics.map { EngineMetrics($0) },
            events: events,
            published: published
        )
    }

    private func take(
        for core: borrowing NodeCore,
        _ gathering: Gathering
    ) -> Inbox.Taken? {
        let now = clock.now
        return inbox.take(now: now, isDue: core.nextDeadline <= now, gathering: gathering)
    }

    /// Sleeps until something arrives, or until the deadline, or until appends have gathered for long enough.
    private func sleep(until deadline: Tick, or gathering: Gathering) {
        let (early, gathersSince) = inbox.alarms
        let deadline = min(deadline, early)
        let instant = deadline == .never ? nil : clock.instant(of: deadline)
        // Also if that has passed since the inbox was looked at.
        if let end = gathersSince.map(gathering.end) {
            parker.park(until: min(instant ?? end, end))
        } else if let instant {
            parker.park(until: instant)
        } else {
            parker.park()
        }
    }

    private func perform(_ task: SnapshotTask) {
        let inbox = inbox
        courier.submit(task.work) { result in
            inbox.complete(SnapshotCompletion(id: task.id, result: result))
        }
    }

    private func read(_ request: ReadRequest) {
        let inbox = inbox
        store.read(request.slots, maxBytes: request.maxBytes, withEffect: false) { result in
            inbox.complete(ReadCompletion(id: request.id, result: result))
        }
    }
}
