import PaxosCore

/// The fault drawer: what goes wrong next.
extension World {
    func drawFault() throws(Violation) {
        // A host may go on after a calm.
        guard !isQuiescing || host != nil else { return }
        agenda.put(.fault, at: now.advanced(byTicks: faultRandom.within(mix.faultInterval)))
        guard !isQuiescing else { return }
        backUp()
        try disturbCopies()
        // Copies wait for a directory that others have met since: they are tried more often.
        let copies = mix.drawn.filter { $0 == .rollback || $0 == .twin }
        let some = faultRandom.oneIn(4) && !copies.isEmpty ? copies : mix.drawn
        guard let kind = faultRandom.pick(some), faults.contains(kind) else { return }
        switch kind {
        case .slowLink, .partition, .partialPartition, .oneWayPartition: impair(kind)
        case .pause, .crash, .crashAtWrite, .shutdown: try disturbProcess(kind)
        case .stall, .writeFailure, .flushFailure, .full: try disturbDisk(kind)
        case .rot, .wipe, .rollback, .twin: try damage(kind)
        case .laneCut, .laneStall: impairLane(kind)
        case .loss, .duplication, .reordering, .clockDrift, .narrowLink, .ambush, .lists: break
        case .lostWrite, .laggard, .lateRows, .threeLeaders, .invention, .trim,
            .resolve, .condition, .transfer:
            break
        }
    }

    func note(_ kind: FaultKind, _ node: SimulatedNode) {
        trace.note(.fault, at: now, node, UInt64(kind.rawValue), 0, kind.name)
    }

    /// Now and then somebody copies a directory away.
    private func backUp() {
        guard let node = faultRandom.pick(nodes), faultRandom.oneIn(4) else { return }
        if node.process != nil, faultRandom.oneIn(4) {
            node.snapshot = (node.store.disk, node.generation)
        }
        // Old enough, as often as not, for others to have met what it lacks.
        guard node.backup == nil || faultRandom.oneIn(8) else { return }
        node.backup = node.store.disk
    }

    // MARK: - Network

    private func impair(_ kind: FaultKind) {
        let count = nodes.count
        guard count > 1 else { return }
        var links: [Int] = []
        var slowness = 0
        switch kind {
        case .partition where faultRandom.oneIn(2):
            // Alone: a leader that goes on proposing, until another takes its place.
            let lonely = pickRunning()?.index ?? faultRandom.below(count)
            for other in 0..<count where other != lonely {
                links.append(network.link(from: other, to: lonely))
                links.append(network.link(from: lonely, to: other))
            }
        case .partition:
            let side = (0..<count).map { _ in faultRandom.oneIn(2) }
            for from in 0..<count {
                for to in 0..<count where side[from] != side[to] {
                    links.append(network.link(from: from, to: to))
                }
            }
        case .partialPartition:
            for from in 0..<count {
                for to in 0..<from where faultRandom.oneIn(3) {
                    links.append(network.link(from: from, to: to))
                    links.append(network.link(from: to, to: from))
                }
            }
        case .oneWayPartition where faultRandom.oneIn(2):
            let lonely = pickRunning()?.index ?? faultRandom.below(count)
            let isDeaf = faultRandom.oneIn(2)
            for other in 0..<count where other != lonely {
                links.append(
                    isDeaf
                        ? network.link(from: other, to: lonely)
                        : network.link(from: lonely, to: other)
                )
            }
        default:
            let from = faultRandom.below(count)
            let to = (from + 1 + faultRandom.below(count - 1)) % count
            links = [network.link(from: from, to: to)]
            if kind == .slowLink { slowness = faultRandom.within(16...800) }
        }
        guard !links.isEmpty else { return }
        counts.count(kind)
        let number = network.impair(links, slowness: slowness)
        trace.note(.fault, at: now, "\(kind.name) \(describe(links))")
        let duration = faultRandom.within(mix.duration)
        agenda.put(.heal(number), at: now.advanced(byTicks: duration))
    }

    func describe(_ links: [Int]) -> String {
        links.map {
            "\($0 / (membership.members.count + 1) + 1)>"
                + "\($0 % (membership.members.count + 1) + 1)"
        }
        .joined(separator: " ")
    }

    /// A node that runs; half of the time one that leads, since most happens around a leader that ends.
    func pickRunning() -> SimulatedNode? {
        let leaders = nodes.filter { $0.process?.wasLeader == true }
        if faultRandom.oneIn(2), let leader = faultRandom.pick(leaders) { return leader }
        return faultRandom.pick(nodes.filter { $0.process != nil })
    }

    // MARK: - Processes

    private func disturbProcess(_ kind: FaultKind) throws(Violation) {
        guard let node = pickRunning(), let process = node.process else { return }
        note(kind, node)
        switch kind {
        case .pause where !node.isPaused:
            counts.count(kind)
            node.isPaused = true
            let duration = faultRandom.within(mix.duration)
            agenda.put(.resume(node.index), at: now.advanced(byTicks: duration))
        case .crash:
            try crash(node, .crash)
        case .crashAtWrite:
            node.armed = faultRandom.pick(WriteBoundary.allCases)
        case .shutdown where !process.isClosing:
            counts.count(kind)
            process.isClosing = true
            process.closeBy = process.tick(at: now).advanced(by: UInt64(faultRandom.below(60)))
            schedule(node)
        default:
            break
        }
    }

    // MARK: - Disks

    private func disturbDisk(_ kind: FaultKind) throws(Violation) {
        guard let node = pickRunning(), let process = node.process, !node.store.hasFailed
        else { return }
        note(kind, node)
        let duration = faultRandom.within(mix.duration)
        switch kind {
        case .stall:
            counts.count(kind)
            node.stall = duration * Int(Moment.perTick)
        case .full where !node.isFull:
            counts.count(kind)
            setFull(true, node)
            agenda.put(
                .empty(node.index, generation: node.generation),
                at: now.advanced(byTicks: duration)
            )
        case .writeFailure, .flushFailure:
            counts.count(kind)
            let kept = kind == .writeFailure ? 0 : faultRandom.below(node.store.unreceipted + 1)
            try node.store.fail(keeping: kept)
            process.hasFailed = true
            process.failure = StoreFailure(
                operation: kind == .writeFailure ? "commit" : "flush",
                code: 5,
                detail: "simulated"
            )
            schedule(node)
        default:
            break
        }
    }

    /// Destroys something for good, on a minority of the members at most: each slot stays intact on a
    /// quorum.
    func damage(_ kind: FaultKind, at place: Int? = nil) throws(Violation) {
        let most = (membership.members.count - 1) / 2
        let damaged = nodes.filter { !$0.isTwin && $0.isDamaged }
        var candidates = nodes.filter {
            !$0.isTwin && !$0.isRetired && $0.index == place ?? $0.index
        }
        if kind == .rollback { candidates = candidates.filter(canRollBack) }
        guard let node = faultRandom.pick(candidates),
            damaged.contains(where: { $0 === node }) || damaged.count < most
        else { return }
        switch kind {
        case .rot: rot(node)
        case .wipe: try wipe(node)
        case .rollback: try rollBack(node)
        default: startCopy(beside: node)
        }
    }

    func restart(_ node: SimulatedNode) {
        guard stage == nil else { return }
        let downtime = faultRandom.within(mix.duration)
        agenda.put(.start(node.index), at: now.advanced(byTicks: downtime))
    }

    /// Everybody else has met the node both ways, and can do without it.
    func haveAllMet(_ node: SimulatedNode) -> Bool {
        nodes.allSatisfy {
            $0.id == node.id || $0.store.disk.record(of: node.id)?.isMutual == true
        }
    }

    /// Any row: whatever was chosen stands in a sound row of a sound member as well, though none of those
    /// need know that it is chosen.
    private func rot(_ node: SimulatedNode) {
        let last = node.store.disk.last
        guard haveAllMet(node), last > .zero else { return }
        counts.count(.rot)
        note(.rot, node)
        node.isDamaged = true
        let back = UInt64(faultRandom.below(Int(min(last.rawValue, 40))))
        node.store.rot(Slot(rawValue: last.rawValue - back))
    }

    func wipe(_ node: SimulatedNode) throws(Violation) {
        guard node.store.ledger != nil else { return }
        let mayStay = node.store.disk.isBlank
        counts.count(.wipe)
        note(.wipe, node)
        if !haveAllMet(node) { excusesLiveness = true }
        node.end()
        try node.store.crash(keeping: 0)
        node.isDamaged = true
        node.isCopy = false
        node.hidden = []
        if !mayStay { node.store.ledger = nil }
        node.backup = nil
        node.snapshot = nil
        node.store.replace(disk: freshDisk())
        restart(node)
    }
}
