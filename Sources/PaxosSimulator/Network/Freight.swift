import PaxosCore

/// What narrow links have carried of rows and appends, and how much of that was needed: each process needs
/// each thing once (`R83`). An entry needs to be accepted once under each ballot, and fetched once.
struct Freight {
    private struct Consignment: Hashable {
        let kind: Cargo.Kind
        /// A candidate needs the rows of each member.
        let sender: Int?
        let receiver: Int
        let generation: Int
        /// An append goes again to each new leader.
        let leading: Ballot?
    }

    private(set) var carriedBytes = 0
    private(set) var neededBytes = 0
    private var known: [Consignment: NumberRanges] = [:]

    mutating func carry(
        _ envelope: Envelope,
        from sender: SimulatedNode,
        to receiver: SimulatedNode
    ) {
        guard let cargo = Cargo(envelope.message) else { return }
        var ofSender: Int?
        var leading: Ballot?
        switch cargo.kind {
        case .page: ofSender = sender.index
        case .forward: leading = sender.process?.core.leading
        case .accept, .catchUp: break
        }
        let consignment = Consignment(
            kind: cargo.kind,
            sender: ofSender,
            receiver: receiver.index,
            generation: receiver.generation,
            leading: leading
        )
        let slots = cargo.slots.lowerBound.rawValue...cargo.slots.upperBound.rawValue
        var known = known[consignment] ?? NumberRanges()
        let count = slots.count
        let new = slots.count { !known.contains($0) }
        known.insert(slots)
        self.known[consignment] = known
        carriedBytes += envelope.byteCount
        neededBytes += envelope.byteCount * new / count
    }
}

extension World {
    /// Useful over carried bytes. Three tenths more than is needed may be carried, as over real links; and
    /// whatever keeps a member from being heard, or ends a leadership, may void what was on its way to each
    /// member then: two pipelines, a page, and an append or two.
    func checkFreight() throws(Violation) {
        guard mix.bytesPerTick != nil, nodes.count == membership.members.count else { return }
        let limits = mix.limits
        let head = 160
        let share =
            2 * limits.pipelineBytes + 2 * limits.pipelineSlots * head
            + max(limits.pageBytes, limits.maxPayloadBytes) + 4 * head
        let disturbances = Self.silencers.reduce(elections) { $0 + counts[$1] }
        let most = freight.neededBytes * 13 / 10 + (disturbances + 1) * share * nodes.count
        try demand(
            freight.carriedBytes <= most,
            .flow,
            "\(freight.carriedBytes) bytes were carried and \(freight.neededBytes) needed, with "
                + "\(disturbances) disturbances"
        )
    }
}
