import PaxosCore

/// Which processes nobody may count: those of directories that are older than what their peers have
/// witnessed, or were made anew.
struct CountedProcesses {
    private var uncounted: Set<ProcessID> = []

    mutating func uncount(_ identity: NodeIdentity) {
        uncounted.insert(identity.process)
    }

    /// A member that counts writes down whom it counts.
    func check(_ records: [PeerRecord], by node: NodeID) throws(Violation) {
        for record in records {
            try demand(
                !uncounted.contains(record.presence.process),
                .identity,
                "\(node) counts boot \(record.boot) of \(record.node), an old copy or a new directory"
            )
        }
    }
}
