import PaxosCore

/// A late answer that is true is used, whoever was asked (`R83`): rows that a process lacks and has asked for
/// are taken in whenever they arrive. Where it is not certain that it has room for one, it may drop them.
extension World {
    /// What a process was before a step in which rows arrive.
    struct Lacking {
        let committed: Slot
        /// Nothing is in memory or on its way to the disk that might leave no room.
        let hasRoom: Bool
    }

    func lacking(_ node: SimulatedNode, _ process: SimulatedProcess) -> Lacking? {
        guard let missing = process.core.missing else { return nil }
        let brings = process.messages.contains {
            if case .immediate(.catchUp(let answer)) = $0.message {
                !answer.rows.isEmpty
            } else {
                false
            }
        }
        guard brings, nodes.count == membership.members.count, terms == nil else { return nil }
        let status = process.core.status
        guard missing.lowerBound == status.committed.next else { return nil }
        let hasRoom = status.delivered == status.committed && node.store.unreceipted == 0
        return Lacking(committed: status.committed, hasRoom: hasRoom)
    }

    func checkLateRows(
        _ messages: [Envelope],
        _ lacking: Lacking,
        of node: SimulatedNode,
        _ process: SimulatedProcess
    ) throws(Violation) {
        let status = process.core.status
        let next = lacking.committed.next
        // Who is out takes part in nothing: it was shown another entry, and drops all that comes.
        guard lacking.hasRoom, status.committed < next, !status.isFull,
            status.failure == nil, status.rolledBack == nil, !process.isClosing
        else { return }
        // Who had no rows to send is believed no further, and what it had said may be all that was known.
        let isDoubted = messages.contains {
            if case .immediate(.catchUp(let answer)) = $0.message {
                answer.rows.isEmpty
            } else {
                false
            }
        }
        guard !isDoubted else { return }
        for envelope in messages where envelope.recipient == process.identity.process {
            guard case .immediate(.catchUp(let answer)) = envelope.message, answer.from <= next,
                answer.rows.contains(where: { $0.slot == next }),
                process.core.holds(envelope.sender),
                process.succession.hasGreeted(envelope.sender.process),
                // Nor is anything taken of a process whose successor has spoken.
                !messages.contains(where: {
                    $0.sender.node == envelope.source && $0.sender != envelope.sender
                })
            else { continue }
            throw Violation(
                .flow,
                "\(node.id) lacks slot \(next), has room, and drops it when \(envelope.source) sends it"
            )
        }
    }
}
