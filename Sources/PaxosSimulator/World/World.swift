package import PaxosCore

/// A cluster in a world of its own: virtual time, a network, disks, callers and faults, all drawn from one
/// seed. The nodes run the production `NodeCore`.
///
/// One step is one step of one core, with everything that has arrived for it. After each, everything in
/// `Invariant` is checked against the `Ledger`, which knows the log from durable rows alone.
package final class World {
    let membership: Membership
    var mix: FaultMix
    let faults: FaultSet
    let mutant: Mutant?
    var nodes: [SimulatedNode] = []
    var network: SimulatedNetwork
    var agenda = Agenda<Event>()
    var now = Moment.zero
    package let ledger: Ledger
    package let trace: Trace
    package var counts = FaultCounts()
    package var steps = 0
    package var elections = 0
    var appends = 0
    /// Members are told to trim, by this; nobody is, where it is missing.
    var trimRandom: SeededGenerator?
    /// Callers ask for tokens, by this; nobody does, where it is missing.
    var resolveRandom: SeededGenerator?
    /// Callers append for one slot, by this.
    var conditionRandom: SeededGenerator?
    /// Members are told who is to lead, by this.
    var transferRandom: SeededGenerator?
    /// Ticks between two of them.
    var transferInterval = 5...120
    /// How much each member is to lead, by index, if not all alike.
    var priorities: [LeadershipPriority] = []
    /// How often a leader has handed over for that.
    package internal(set) var transfers = 0
    /// Of which somebody was told `unknown`, lately.
    var unknownTokens: [Token] = []
    /// Nobody waits for ever for who is away before it trims.
    var leavesBehind = false
    /// Hosts write snapshots, if they do.
    var snapshots: WorldSnapshots?
    /// Consumers keep their places, and members trim by themselves, if they do.
    var cursors: WorldCursors?
    /// By the number of effective commands: what a host's state is then.
    var hostDigests: [Digest] = []
    /// Digests of the bases that came with a snapshot.
    var offeredBases: Set<UInt64> = []
    /// How often a member has taken a snapshot with a base, and a host begun with one.
    package internal(set) var snapshotsTaken = 0
    package internal(set) var hostsRestored = 0
    /// How often a member has taken a base.
    package internal(set) var basesTaken = 0
    /// Appends asked for again under their token.
    package var retries = 0
    var probes: [Probe] = []
    /// Faults have stopped.
    var isQuiescing = false
    var counted = CountedProcesses()
    /// Of copies that ended with their original: what they said is not heard any more.
    var endedCopies: Set<ProcessID> = []
    /// What each member was given, if they were not all given the same.
    var terms: DifferentTerms?
    /// One lane stays dead when all else is well.
    var lastingCut: LastingCut?
    /// A founder was lost before all had met: the first meeting needs every one of them.
    var excusesLiveness = false
    var scheduleRandom: SeededGenerator
    var networkRandom: SeededGenerator
    var workRandom: SeededGenerator
    var faultRandom: SeededGenerator
    var ambush: Ambush
    /// What the world aims at, if it does.
    var aim: Aim?
    /// Whence what is invented is drawn, if something is.
    var inventions: SeededGenerator?
    /// The first that was sent while it stood in a queue already.
    var repetition: Violation?
    var freight = Freight()
    /// The script that takes the place of chance, if there is one.
    let stage: Stage?
    /// Who calls in the place of the drawn callers, if somebody does.
    let host: Host?
    static let cluster = try? ClusterID("world")

    enum Event {
        case arrive(Envelope, from: Int, at: Int)
        case step(Int, generation: Int)
        case wake(Int, generation: Int)
        case flushed(Int, generation: Int)
        case read(Int, generation: Int, ReadRequest)
        case snapshot(Int, generation: Int)
        case work
        case fault
        case probe
        case start(Int)
        case resume(Int)
        case ambush
        case aim
        case invent
        case trim
        case resolve
        case condition
        case transfer
        case crash(Int, generation: Int)
        case wipe(Int)
        case empty(Int, generation: Int)
        case heal(Int)
    }

    package convenience init(
        seed: UInt64,
        members: Int,
        faults: FaultSet,
        mutant: Mutant? = nil,
        keepsTrace: Bool = false
    ) throws(InvalidMembership) {
        try self.init(
            seed: seed,
            members: members,
            faults: faults,
            mutant: mutant,
            trace: Trace(keepsTrace ? .timed : .none),
            stage: nil,
            host: nil
        )
        drawAim(seed: seed)
        if faults.contains(.lists) { drawTerms(seed: seed) }
        drawLanes(seed: seed)
        drawInventions(seed: seed)
        drawTrims(seed: seed)
        drawResolves(seed: seed)
        drawSnapshots(seed: seed)
        drawCursors(seed: seed)
        drawConditions(seed: seed)
        drawTransfers(seed: seed)
    }

    /// A world that follows a script.
    convenience init(stage: Stage, members: Int, limits: Limits) throws(InvalidMembership) {
        try self.init(
            seed: 0,
            members: members,
            faults: .none,
            mutant: nil,
            trace: Trace(.exchange),
            stage: stage,
            host: nil
        )
        mix.limits = limits
        leavesBehind = limits.retentionTime < Limits().retentionTime
    }

    /// A world of drawn faults in which a host calls.
    convenience init(
        host: Host,
        seed: UInt64,
        members: Int,
        faults: FaultSet,
        limits: Limits
    ) throws(InvalidMembership) {
        try self.init(
            seed: seed,
            members: members,
            faults: faults,
            mutant: nil,
            trace: Trace(.none),
            stage: nil,
            host: host
        )
        mix.limits = limits
    }

    private init(
        seed: UInt64,
        members: Int,
        faults: FaultSet,
        mutant: Mutant?,
        trace: Trace,
        stage: Stage?,
        host: Host?
    ) throws(InvalidMembership) {
        var random = SeededGenerator(seed: seed)
        scheduleRandom = SeededGenerator(seed: random.next())
        networkRandom = SeededGenerator(seed: random.next())
        workRandom = SeededGenerator(seed: random.next())
        faultRandom = SeededGenerator(seed: random.next())
        ambush = Ambush(random: SeededGenerator(seed: random.next()))
        let ids = (1...UInt64(members)).compactMap { NodeID(rawValue: $0) }
        membership = try Membership(ids)
        mix = FaultMix(random: &random, faults: faults, members: members)
        self.faults = faults
        self.mutant = mutant
        var queueRandom = SeededGenerator(seed: seed ^ 0x7175_6575)
        mix.longestQueue = [40, 100, 400][queueRandom.below(3)]
        network = SimulatedNetwork(width: members + 1, longestQueue: mix.longestQueue)
        ledger = Ledger(membership: membership)
        self.trace = trace
        self.stage = stage
        self.host = host
        for (index, id) in ids.enumerated() {
            let store = SimulatedStore(node: id, disk: freshDisk(), mutant: mutant)
            store.ledger = ledger
            nodes.append(SimulatedNode(index: index, id: id, store: store))
        }
        network.drawLatencies(mix.latency, random: &networkRandom)
    }

    func freshDisk() -> SimulatedDisk {
        SimulatedDisk(
            incarnation: Incarnation(high: faultRandom.next(), low: faultRandom.next())
        )
    }

    /// Runs until `limit` steps are done, then lets faults stop and asks for progress.
    package func run(steps limit: Int) throws(Violation) {
        startAll()
        agenda.put(.work, at: now.advanced(byTicks: 1))
        drawFaults()
        if mix.isAmbushed { agenda.put(.ambush, at: now.advanced(byTicks: 10)) }
        var events = 0
        while steps < limit, events < 60 * limit, let next = agenda.popFirst() {
            events += 1
            now = next.moment
            try handle(next.event)
        }
        try quiesce()
    }

    func startAll() {
        for node in nodes {
            agenda.put(.start(node.index), at: now.advanced(by: scheduleRandom.below(64)))
        }
    }

    func drawFaults() {
        if !mix.drawn.isEmpty { agenda.put(.fault, at: now.advanced(byTicks: 10)) }
    }

    func handle(_ event: Event) throws(Violation) {
        switch event {
        case .arrive(let envelope, let sender, let receiver):
            arrive(envelope, from: nodes[sender], at: nodes[receiver])
        case .step(let index, let generation):
            guard let process = process(index, generation) else { return }
            process.isScheduled = false
            try step(nodes[index], process)
        case .wake(let index, let generation):
            guard let process = process(index, generation), process.wakeAt == now else { return }
            process.wakeAt = nil
            try step(nodes[index], process)
        case .flushed(let index, let generation):
            guard let process = process(index, generation) else { return }
            try endFlush(nodes[index], process)
        case .read(let index, let generation, let request):
            guard let process = process(index, generation) else { return }
            serve(request, nodes[index], process)
        case .snapshot(let index, let generation):
            guard let process = process(index, generation) else { return }
            performTask(nodes[index], process)
        case .work:
            work()
        case .fault:
            try drawFault()
        case .probe:
            probeAll()
        case .start(let index):
            try start(nodes[index])
        case .resume(let index):
            resume(nodes[index])
        case .ambush:
            layAmbush()
        case .aim:
            try takeAim()
        case .invent:
            invent()
        case .resolve:
            askForTokens()
        case .condition:
            appendForSlots()
        case .transfer:
            tellToTransfer()
        case .trim:
            tellToTrim()
        case .crash(let index, let generation):
            guard process(index, generation) != nil else { return }
            try crash(nodes[index], .crash)
        case .wipe(let index):
            guard !isQuiescing else { return }
            try damage(.wipe, at: index)
        case .empty(let index, let generation):
            guard process(index, generation) != nil else { return }
            setFull(false, nodes[index])
        case .heal(let number):
            network.heal(number)
        }
    }

    private func process(_ index: Int, _ generation: Int) -> SimulatedProcess? {
        nodes[index].generation == generation ? nodes[index].process : nil
    }

    // MARK: - Steps

    /// Puts a step of the node on the agenda, a little later: more may arrive until then.
    func schedule(_ node: SimulatedNode) {
        guard let process = node.process, !process.isScheduled, !node.isPaused else { return }
        process.isScheduled = true
        let delay = stage == nil && scheduleRandom.oneIn(3) ? scheduleRandom.below(6) : 0
        agenda.put(
            .step(node.index, generation: node.generation),
            at: now.advanced(by: delay)
        )
    }

    func step(_ node: SimulatedNode, _ process: SimulatedProcess) throws(Violation) {
        guard !node.isPaused, !process.hasClosed, !endIfAlone(node) else { return }
        let tick = process.tick(at: now)
        let hadReceipt = process.receipt != nil
        let messages = process.messages
        let lacking = lacking(node, process)
        let contradiction = contradiction(node, process)
        let wasFollower = process.lastRole == .follower
        var output = process.step(now: tick)
        steps += 1
        trace.note(.stepped, at: now, node, process.core.delivered.rawValue)
        var write = output.write.take()
        do {
            try check(output, of: node, process, now: tick)
            if let contradiction { try checkContradiction(contradiction, of: node, process) }
            if let lacking { try checkLateRows(messages, lacking, of: node, process) }
            try checkSuccession(messages, output, of: node, process, wasFollower: wasFollower)
        } catch {
            if let batch = write.take() { batch.abandon() }
            throw error
        }
        if let batch = write.take() {
            let peers = batch.rows.peers
            try submit(batch, of: node, process)
            if node.store.ledger != nil { try counted.check(peers, by: node.id) }
        }
        if let found = process.core.rolledBack, node.store.ledger != nil,
            !mayBeOut(found, node, process)
        {
            throw Violation(.identity, "\(node.label) is sound, and is out: \(found)")
        }
        for envelope in output.messages { send(envelope, from: node) }
        if let repetition { throw repetition }
        for request in output.reads {
            let delay = stage == nil ? scheduleRandom.within(1...24) : 0
            agenda.put(
                .read(node.index, generation: node.generation, request),
                at: now.advanced(by: delay)
            )
        }
        for task in output.snapshots { order(task, node, process) }
        if output.isClosed { try close(node, process) }
        guard node.process === process else { return }
        try scheduleWake(node, process, after: tick)
        if hadReceipt, node.armed == .afterReceipt { try crash(node, .crashAtWrite) }
    }

    private func scheduleWake(
        _ node: SimulatedNode,
        _ process: SimulatedProcess,
        after tick: Tick
    ) throws(Violation) {
        let deadline = min(process.core.nextDeadline, process.inbox.nextDeadline)
        try demand(
            deadline > tick,
            .limits,
            "\(node.id) wants to be stepped at \(deadline) and it is \(tick)"
        )
        guard stage == nil, let moment = process.moment(of: deadline), process.wakeAt != moment
        else { return }
        process.wakeAt = moment
        agenda.put(.wake(node.index, generation: node.generation), at: moment)
    }
}
