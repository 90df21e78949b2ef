import PaxosCore

/// Directories that are copied, put back, and started beside each other.
///
/// What no reachable peer has witnessed cannot be detected (docs/PROTOCOL.md, Who is heard). So a copy reaches
/// only those that hold durably what contradicts it, or its original lives and is reached by whoever it
/// reaches. It is started as often as somebody likes.
extension World {
    /// Restarts copies, and witnesses of a copy that nobody contradicts.
    func disturbCopies() throws(Violation) {
        for node in nodes where node.isCopy && node.process != nil && faultRandom.oneIn(3) {
            try crash(node, .crash)
            guard let original = node.original?.node, faults.contains(.crash) else { continue }
            let witnesses = nodes.filter { $0.id != original.id && $0.process != nil }
            if let witness = faultRandom.pick(witnesses), faultRandom.oneIn(2) {
                try crash(witness, .crash)
            }
        }
    }

    /// A member that counts and holds nothing, durably, that contradicts this directory of the node.
    private func takesForReal(_ peer: SimulatedNode, _ disk: SimulatedDisk, of id: NodeID) -> Bool {
        guard peer.store.ledger != nil, !peer.isRetired else { return false }
        guard let record = peer.store.disk.record(of: id) else { return true }
        return record.incarnation == disk.incarnation && !disk.isContradicted(by: record)
    }

    /// Those that a copy may not reach; `nil` if it would reach nobody that counts.
    func blind(to disk: SimulatedDisk, of id: NodeID) -> [Int]? {
        let peers = nodes.filter { $0.id != id && $0.store.ledger != nil && !$0.isRetired }
        let blind = peers.filter { takesForReal($0, disk, of: id) }
        return blind.count < peers.count ? blind.map(\.index) : nil
    }

    /// The two are out of each other's reach.
    func isHidden(_ node: SimulatedNode, from other: SimulatedNode) -> Bool {
        // What does not count itself may take a copy for the real one, and be no witness but a nuisance.
        if node.isTwin && other.store.ledger == nil { return true }
        if other.isTwin && node.store.ledger == nil { return true }
        if isStranger(other, to: node) || isStranger(node, to: other) { return true }
        return node.hidden.contains(other.index) || other.hidden.contains(node.index)
    }

    /// Made anew since the copy was started, it holds nothing that contradicts it.
    private func isStranger(_ peer: SimulatedNode, to copy: SimulatedNode) -> Bool {
        stage == nil && (copy.isTwin || copy.isCopy)
            && peer.store.disk.record(of: copy.id) == nil
    }

    /// Older copies of the directory that somebody can tell from it.
    private func copies(of node: SimulatedNode) -> [SimulatedDisk] {
        guard node.store.ledger != nil else { return [] }
        var copies: [SimulatedDisk] = []
        if let backup = node.backup { copies.append(backup) }
        if let before = node.beforeBoot, stage == nil { copies.append(before) }
        if let snapshot = node.snapshot, snapshot.generation == node.generation, stage == nil {
            copies.append(snapshot.disk)
        }
        return copies.filter {
            $0.incarnation == node.store.disk.incarnation && blind(to: $0, of: node.id) != nil
        }
    }

    func canRollBack(_ node: SimulatedNode) -> Bool { !copies(of: node).isEmpty }

    func rollBack(_ node: SimulatedNode) throws(Violation) {
        guard let backup = faultRandom.pick(copies(of: node)) else { return }
        try rollBack(node, to: backup)
    }

    func rollBack(_ node: SimulatedNode, to backup: SimulatedDisk) throws(Violation) {
        counts.count(.rollback)
        note(.rollback, node)
        if !haveAllMet(node) { excusesLiveness = true }
        node.hidden = stage == nil ? blind(to: backup, of: node.id) ?? [] : []
        node.end()
        try node.store.crash(keeping: 0)
        node.isDamaged = true
        node.isCopy = true
        node.store.ledger = nil
        node.store.replace(disk: backup)
        restart(node)
    }

    /// Opens a copy of a running node's directory: one made before the node opened it, so that the boots are
    /// equal and the nonces differ, or one made now, which nobody contradicts as long as the node is idle.
    func startCopy(beside node: SimulatedNode) {
        guard nodes.dropFirst(membership.members.count).allSatisfy(\.isRetired),
            node.process != nil, node.store.ledger != nil
        else { return }
        if stage == nil, faultRandom.below(4) > 0, canBeCloned(node) {
            startClone(of: node)
            return
        }
        guard let copy = node.beforeBoot, copy.incarnation == node.store.disk.incarnation,
            let blind = blind(to: copy, of: node.id)
        else { return }
        startTwin(of: node, copy).hidden = stage == nil ? blind : []
    }

    @discardableResult
    private func startTwin(of node: SimulatedNode, _ copy: SimulatedDisk) -> SimulatedNode {
        counts.count(.twin)
        note(.twin, node)
        let store = SimulatedStore(node: node.id, disk: copy)
        let index = membership.members.count
        let twin = SimulatedNode(
            index: index,
            id: node.id,
            store: store,
            isTwin: true,
            generation: nodes.count > index ? nodes[index].generation + 1 : 0
        )
        nodes.removeSubrange(index...)
        nodes.append(twin)
        agenda.put(.start(twin.index), at: now.advanced(by: 1))
        return twin
    }

    // MARK: - Beside a living original

    /// Everybody that counts counts this very process, and loses little of what it says.
    private func canBeCloned(_ node: SimulatedNode) -> Bool {
        guard let process = node.process, isGoingOn(node), mix.bytesPerTick == nil, host == nil
        else { return false }
        return nodes.allSatisfy { peer in
            peer === node || peer.isRetired
                || (peer.store.ledger != nil
                    && peer.store.disk.record(of: node.id)?.presence == process.identity.presence)
        }
    }

    private func isGoingOn(_ node: SimulatedNode) -> Bool {
        guard let process = node.process else { return false }
        return !node.isPaused && !process.isClosing && !process.hasFailed && !process.hasClosed
            && !node.store.hasFailed
    }

    /// The same at a command's word, at the address of the original.
    func startClone(at node: SimulatedNode) {
        startTwin(of: node, node.store.disk).hasAddress = true
    }

    private func startClone(of node: SimulatedNode) {
        mix.lossPermille = min(mix.lossPermille, 30)
        startTwin(of: node, node.store.disk).original = (node, node.generation)
    }

    /// A copy that nobody contradicts ends with its original, or nobody could tell which of them to trust.
    func endIfAlone(_ node: SimulatedNode) -> Bool {
        guard let original = node.original else { return false }
        let lives =
            original.generation == original.node.generation && isGoingOn(original.node)
            && nodes.allSatisfy { $0.isTwin || $0.isRetired || $0.store.ledger != nil }
        guard !lives, !node.isRetired else { return node.isRetired }
        node.isRetired = true
        if let process = node.process { endedCopies.insert(process.identity.process) }
        node.end()
        trace.note(.crashed, at: now, node, 0, 0, "ends with its original")
        return true
    }

    /// Where in the network a node is: a copy that nobody contradicts shares the links of its original.
    func place(of node: SimulatedNode) -> SimulatedNode { node.original?.node ?? node }

    /// Who gets a message. Of a node and its twin either may, but where nobody contradicts the twin, what is
    /// for one of them reaches it.
    func addressee(of envelope: Envelope) -> SimulatedNode? {
        let all = nodes.filter { $0.id == envelope.destination && $0.process != nil }
        if all.contains(where: { $0.original != nil }),
            let named = all.first(where: { $0.process?.identity.process == envelope.recipient })
        {
            return named
        }
        return networkRandom.pick(all)
    }
}
