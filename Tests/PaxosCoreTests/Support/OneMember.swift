import PaxosSimulator

@testable import PaxosCore

/// One member step by step: what it writes goes to the store, and the test says when it is durable.
final class OneMember {
    /// What a step said, without the write.
    struct Said {
        var replies: [Reply] = []
        var delivered: [Slot] = []
        var passed: Slot?
        var ineffective: [Slot] = []
        var reads: [ReadRequest] = []
        var snapshots: [SnapshotTask] = []
        var rows: WriteRows?
        var checkpointed: Slot?
        /// How many appends the core took.
        var taken = 0
        var isClosed = false
        var messages: [Envelope] = []
        var facts: [NodeFact] = []

        var outcomes: [Reply.Outcome] { replies.map(\.outcome) }
        var immediate: [Addressed<Immediate>] {
            messages.compactMap { envelope in
                guard case .immediate(let body) = envelope.message else { return nil }
                return Addressed(destination: envelope.destination, body: body)
            }
        }
        var probes: [Addressed<Probe>] {
            immediate.compactMap { message in
                guard case .probe(let probe) = message.body else { return nil }
                return Addressed(destination: message.destination, body: probe)
            }
        }
        var statements: [Testimony] {
            messages.compactMap { envelope in
                guard case .statement(let body) = envelope.message else { return nil }
                return Addressed(destination: envelope.destination, body: body)
            }
        }
    }

    let store: TestStore
    var core: NodeCore
    private var inbox = SimulatedInbox()
    private var nextWaiter: UInt32 = 0
    /// Asked for, and not served by `settle` yet.
    private var reads: [ReadRequest] = []

    init(
        disk: TestDisk = TestDisk(),
        members: [NodeID] = [1],
        isMet: Bool = true,
        limits: Limits = Limits(),
        policy: TrimPolicy = TrimPolicy(),
        priority: LeadershipPriority = .normal
    ) {
        var disk = disk
        disk.members = members
        if isMet {
            disk.peers = members.filter { $0 != 1 }.map { Identities.record(of: $0) }
        }
        store = TestStore(disk: disk)
        core = NodeCore(
            recovered: store.open(),
            limits: limits,
            policy: policy,
            place: LeadershipPlace(priority: priority),
            seed: 1
        )
        if isMet, members.count > 1 {
            // Has said hello, and heard it.
            var arrivals = Arrivals(now: .zero)
            arrivals.messages = disk.peers.map { greeting($0.node, members, limits) }
            reads = inbox.step(&core, arrivals).reads
        }
    }

    private func greeting(_ node: NodeID, _ members: [NodeID], _ limits: Limits) -> Envelope {
        let hello = Hello(
            asks: false,
            holds: core.identity.presence,
            terms: Identities.terms(members, limits: limits)
        )
        return from(node, .hello(hello))
    }

    /// A disk of the earlier boot 1, with these entries accepted under 1.n1.
    static func disk(_ entries: [Entry], committed: Slot) -> TestDisk {
        var disk = TestDisk()
        disk.boot = Boot(1)
        disk.promised = Ballot(round: 1, node: 1)
        disk.lastRound = 1
        disk.committed = committed
        disk.rows = entries.enumerated().map { place, entry in
            AcceptedEntry(
                slot: Slot(rawValue: UInt64(place) + 1),
                ballot: disk.promised,
                entry: entry
            )
        }
        return disk
    }

    static func command(_ sequence: UInt64, boot: UInt64 = 1) -> Entry {
        .command(
            Command(token: Token(node: 1, boot: Boot(boot), sequence: sequence), payload: [1])
        )
    }

    static func failure(_ code: Int32 = 5) -> StoreFailure {
        StoreFailure(operation: "flush", code: code, detail: "test")
    }

    @discardableResult
    func step(
        at now: UInt64 = 0,
        flush: Int = 0,
        appends: [AppendRequest] = [],
        _ fill: (inout Arrivals) -> Void = { _ in }
    ) throws -> Said {
        var arrivals = Arrivals(now: Tick(now))
        arrivals.receipt = try store.flush(flush, mergingBatches: true)
        fill(&arrivals)
        for append in appends { inbox.add(append) }
        let taken = inbox.taken
        var output = inbox.step(&core, arrivals)
        try demand(!inbox.isStarved, "an append waits that the core would take")
        var said = Said(
            replies: output.replies,
            delivered: output.delivered.map(\.slot),
            passed: output.passed,
            ineffective: output.ineffective,
            reads: output.reads,
            snapshots: output.snapshots,
            checkpointed: output.checkpointed,
            taken: inbox.taken - taken,
            isClosed: output.isClosed,
            messages: output.messages,
            facts: output.facts
        )
        reads += output.reads
        if let batch = output.write.take() {
            said.rows = batch.rows
            try store.submit(batch)
        }
        return said
    }

    /// Steps with everything durable and every read served, until nothing is left to do.
    @discardableResult
    func drain() throws -> Said {
        var all = Said()
        repeat {
            let asked = reads
            reads.removeAll()
            let said = try step(flush: store.waiting) { arrivals in
                arrivals.completions = asked.map {
                    ReadCompletion(id: $0.id, result: .success(self.store.disk.read($0)))
                }
            }
            all.replies += said.replies
            all.delivered += said.delivered
            all.ineffective += said.ineffective
            all.isClosed = all.isClosed || said.isClosed
            all.facts += said.facts
        } while store.waiting > 0 || !reads.isEmpty
        return all
    }

    /// Appends in the inbox.
    var waiting: Int { inbox.count }

    func append(
        _ bytes: Int = 1,
        at slot: Slot = .zero,
        deadline: Tick = .never
    ) -> AppendRequest {
        AppendRequest(
            waiter: waiter(),
            payloads: .one(Array(repeating: 1, count: bytes)),
            bytes: bytes,
            at: slot,
            deadline: deadline
        )
    }

    func append(batch payloads: [[UInt8]], at slot: Slot) -> AppendRequest {
        AppendRequest(
            waiter: waiter(),
            payloads: .batch(payloads),
            bytes: payloads.reduce(0) { $0 + $1.count },
            at: slot,
            deadline: .never
        )
    }

    func barrier() -> BarrierRequest { BarrierRequest(waiter: waiter(), deadline: .never) }

    func cursor(
        _ name: CursorName,
        _ change: CursorRequest.Change,
        deadline: Tick = .never
    ) -> CursorRequest {
        CursorRequest(waiter: waiter(), name: name, change: change, deadline: deadline)
    }

    func trim(
        through slot: Slot,
        pastSnapshots: Bool = false,
        pastCursors: Bool = false
    ) -> TrimRequest {
        TrimRequest(
            waiter: waiter(),
            through: slot,
            pastSnapshots: pastSnapshots,
            pastCursors: pastCursors,
            deadline: .never
        )
    }

    func transfer(to target: NodeID, deadline: Tick = .never) -> TransferCall {
        TransferCall(waiter: waiter(), target: target, deadline: deadline)
    }

    func resolve(
        _ token: Token,
        settles: Bool = false,
        deadline: Tick = .never
    ) -> ResolveRequest {
        ResolveRequest(waiter: waiter(), token: token, settles: settles, deadline: deadline)
    }

    private func waiter() -> WaiterID {
        defer { nextWaiter += 1 }
        return WaiterID(index: nextWaiter, generation: 1)
    }
}
