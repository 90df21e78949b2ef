internal import PaxosCore

/// Ways to break the network, for tests.
extension InMemoryNetwork {
    /// Loses every message from one node to another, until `mend(from:to:)` or `heal()`.
    public func cut(from: NodeID, to: NodeID) {
        change { $0.cut(from: from, to: to) }
    }

    /// Carries messages from one node to another again.
    public func mend(from: NodeID, to: NodeID) {
        change { $0.mend(from: from, to: to) }
    }

    /// Cuts every link between nodes of different groups, both ways. Earlier cuts stay.
    public func partition(_ groups: [[NodeID]]) {
        change { faults in
            for (place, group) in groups.enumerated() {
                for (other, others) in groups.enumerated() where other != place {
                    for from in group {
                        for to in others { faults.cut(from: from, to: to) }
                    }
                }
            }
        }
    }

    /// Cuts every link of a node, both ways, known and to come.
    public func disconnect(_ node: NodeID) {
        change { $0.disconnect(node) }
    }

    /// Undoes `disconnect(_:)`; links that were cut stay so.
    public func reconnect(_ node: NodeID) {
        change { $0.reconnect(node) }
    }

    /// Puts these faults on every link, in place of all that were set.
    public func setFaults(_ faults: LinkFaults) {
        change { $0.set(faults) }
    }

    /// Puts these faults on one link, in one direction.
    public func setFaults(_ faults: LinkFaults, from: NodeID, to: NodeID) {
        change { $0.set(faults, from: from, to: to) }
    }

    /// Takes all cuts, disconnections and faults away. Paused nodes stay paused, delayed messages
    /// arrive at their time.
    public func heal() {
        change { $0.heal() }
    }

    /// Lets a node take nothing more, as a stopped process does: what is sent to it waits in the queues
    /// of its links, within their bounds. A hand-over that has begun is finished.
    public func pause(_ node: NodeID) {
        forEachPort(of: node) { $0.pause() }
    }

    /// Lets a paused node take what waits for it, and what comes.
    public func resume(_ node: NodeID) {
        forEachPort(of: node) { $0.resume() }
    }

    /// Loses the messages for which the closure is true; it is called with a lock held.
    package func lose(where isLost: (@Sendable (Envelope) -> Bool)?) {
        change { $0.filter = isLost }
    }
}
