import PaxosCore

/// Operators who want another member to lead, among all other faults.
extension World {
    /// In two worlds of three, from a generator of its own, in some of them all the time.
    func drawTransfers(seed: UInt64) {
        guard faults.contains(.transfer) else { return }
        var random = SeededGenerator(seed: seed ^ 0x7472_616e)
        guard random.below(3) > 0 else { return }
        transferInterval = [2...8, 2...20, 5...120][random.below(3)]
        transferRandom = random
        agenda.put(.transfer, at: now.advanced(byTicks: 20))
        guard random.oneIn(2) else { return }
        priorities = (0...membership.members.count).map { _ in
            LeadershipPriority.allCases[random.below(LeadershipPriority.allCases.count)]
        }
        transferRandom = random
    }

    func priority(of node: SimulatedNode) -> LeadershipPriority {
        node.index < priorities.count ? priorities[node.index] : .normal
    }

    /// Some member is told that some member is to lead.
    func tellToTransfer() {
        guard var random = transferRandom, !isQuiescing else { return }
        defer { transferRandom = random }
        agenda.put(.transfer, at: now.advanced(byTicks: random.within(transferInterval)))
        let running = nodes.filter { $0.process?.hasClosed == false && !$0.isTwin }
        guard let node = random.pick(running), let process = node.process,
            let target = random.pick(membership.members)
        else { return }
        let time = UInt64(random.within(1...200))
        transfer(to: target, deadline: process.tick(at: now).advanced(by: time), node, process)
    }

    func transfer(
        to target: NodeID,
        deadline: Tick = .never,
        _ node: SimulatedNode,
        _ process: SimulatedProcess
    ) {
        counts.count(.transfer)
        var caller = Callers.Caller(
            append: nil,
            count: 0,
            deadline: deadline,
            floor: ledger.acknowledged
        )
        caller.target = target
        process.transfers.append(
            TransferCall(
                waiter: process.callers.add(caller),
                target: target,
                deadline: deadline
            )
        )
        trace.note(.called, at: now, node, 0, target.rawValue, "transfer to \(target)")
        schedule(node)
    }

    /// Who is to lead has on its disk all that is committed where it was handed over.
    func checkTransfers(
        _ output: borrowing Output,
        of node: SimulatedNode,
        _ process: SimulatedProcess
    ) throws(Violation) {
        for fact in output.facts {
            guard case .lostLeadership(let ballot, .transferred) = fact else { continue }
            transfers += 1
            let farewell = output.messages.lazy.compactMap { envelope -> Farewell? in
                guard case .immediate(.farewell(let farewell)) = envelope.message,
                    farewell.ballot == ballot
                else { return nil }
                return farewell
            }.first
            guard let successor = farewell?.successor else { continue }
            let last = process.core.status.committed
            let heir = nodes.first { $0.id == successor && !$0.isTwin }
            guard let heir, !heir.isDamaged, !heir.isCopy, !heir.isRetired else { continue }
            let disk = heir.store.disk
            try demand(
                last <= disk.trimmed || disk[last] != nil,
                .transfer,
                "\(node.id) hands over to \(successor), which lacks slot \(last)"
            )
        }
    }
}
