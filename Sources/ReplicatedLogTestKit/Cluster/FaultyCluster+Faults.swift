public import ReplicatedLog

/// What a disk does to its node. Faults of the network are in `network`.
extension FaultyCluster {
    /// Loses the next write of a member: its commit fails, nothing of it is on the disk, and the node
    /// stops itself. `ended(_:)` waits for that.
    ///
    /// - Throws: `NotRunning`.
    public func failNextWrite(of member: NodeID) throws(NotRunning) {
        try process(member).store.failNextWrite()
    }

    /// Fails the flush of a member's next write: it is on the disk and the node does not know, and stops
    /// itself. `ended(_:)` waits for that.
    ///
    /// - Throws: `NotRunning`.
    public func failNextFlush(of member: NodeID) throws(NotRunning) {
        try process(member).store.failNextFlush()
    }

    /// Lets a member's writes wait, as a disk does that hangs.
    ///
    /// - Throws: `NotRunning`.
    public func stall(_ member: NodeID) throws(NotRunning) {
        try process(member).store.stall()
    }

    /// Ends a stall.
    ///
    /// - Throws: `NotRunning`.
    public func resume(_ member: NodeID) throws(NotRunning) {
        try process(member).store.resume()
    }

    /// Batches that wait on a member's stalled disk.
    ///
    /// - Throws: `NotRunning`.
    public func stalledWrites(of member: NodeID) throws(NotRunning) -> Int {
        try process(member).store.heldCount
    }

    /// The payload bytes of those.
    ///
    /// - Throws: `NotRunning`.
    public func stalledBytes(of member: NodeID) throws(NotRunning) -> Int {
        try process(member).store.heldBytes
    }

    /// Fills a member's disk, or makes room again. A full member refuses appends and serves reads.
    ///
    /// - Throws: `NotRunning`.
    public func setFull(_ isFull: Bool, _ member: NodeID) throws(NotRunning) {
        try process(member).store.setFull(isFull)
    }

    /// Makes a row of a member unreadable until it is started again.
    ///
    /// - Throws: `NotRunning`.
    public func makeUnreadable(_ slot: Slot, of member: NodeID) throws(NotRunning) {
        try process(member).store.makeUnreadable(slot)
    }
}
