internal import PaxosCore
internal import Platform

/// The loop of a node, on one thread of its own: takes everything that has arrived, steps the core once
/// with it and carries out what the step asks for.
///
/// The loop never waits for the disk: the store has a thread too, and tells the inbox.
final class Driver: Sendable {
    private let limits: Limits
    private let store: LMDBStore
    private let inbox: Inbox
    private let tail: Tail
    private let clock: TickClock
    private let parker: Parker
    private let published: Locked<CoreStatus>

    init(
        configuration: LogNode.Configuration,
        store: LMDBStore,
        inbox: Inbox,
        tail: Tail,
        clock: TickClock,
        parker: Parker
    ) {
        limits = configuration.limits
        self.store = store
        self.inbox = inbox
        self.tail = tail
        self.clock = clock
        self.parker = parker
        published = Locked(NodeCore(recovering: store, limits: configuration.limits).status)
    }

    /// The core's account of itself after the last step.
    var status: CoreStatus { published.withLock { $0 } }

    /// What ended the node, if something did.
    var failure: StoreFailure? { status.failure }

    /// Runs until the core has closed or failed. Nobody is left waiting when it returns.
    func run() {
        var core = NodeCore(recovering: store, limits: limits)
        var arrivals: Arrivals? = Arrivals(now: clock.now)
        while true {
            guard let arrived = arrivals.take() else {
                sleep(until: core.nextDeadline)
                arrivals = nextArrivals(of: core)
                continue
            }
            var output = core.step(arrived)
            if let write = output.write.take() { store.submit(write) }
            for request in output.reads { read(request) }
            tail.deliver(
                output.delivered,
                through: core.delivered,
                ineffective: output.ineffective,
                checkpointed: output.checkpointed
            )
            let status = core.status
            published.withLock { $0 = status }
            inbox.reply(output.replies, drained: output.drained)
            if output.isClosed { break }
            arrivals = nextArrivals(of: core)
        }
    }

    private func nextArrivals(of core: borrowing NodeCore) -> Arrivals? {
        let now = clock.now
        inbox.expireOverflow(now: now)
        return inbox.take(now: now, isDue: core.nextDeadline <= now)
    }

    private func sleep(until deadline: Tick) {
        let deadline = min(deadline, inbox.overflowDeadline)
        if deadline != .never, let instant = clock.instant(of: deadline) {
            parker.park(until: instant)
        } else {
            parker.park()
        }
    }

    private func read(_ request: ReadRequest) {
        let inbox = inbox
        store.read(request.slots, maxBytes: request.maxBytes) { result in
            inbox.complete(ReadCompletion(id: request.id, result: result))
        }
    }
}

extension NodeCore {
    /// The core of a node that has just opened its store, with the chance it needs.
    fileprivate init(recovering store: LMDBStore, limits: Limits) {
        self.init(
            recovered: store.recover(),
            nonce: Nonce(SystemRandom.uint64()),
            limits: limits,
            seed: SystemRandom.uint64()
        )
    }
}
