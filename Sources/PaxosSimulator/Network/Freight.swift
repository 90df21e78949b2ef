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
        case .accept, .catchUp, .snapshot: break
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
