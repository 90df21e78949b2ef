/// The two ends of a node, and the directory that does not count.
extension NodeCore {
    /// Writes the commit watermark once nothing is in flight any more or the time is up.
    mutating func advanceClosing(output: inout Output) {
        if let deadline = lifetime.sealsBy, replica.acceptor.isFull, now >= deadline {
            // It may never be durable, and holds nothing that the rows do not tell.
            lifetime.giveUp()
            output.isClosed = true
            return
        }
        guard let deadline = lifetime.closesBy else { return }
        // Whoever is best able to leads from here on, if there is time.
        if lifetime.rolledBack == nil, now < deadline, replica.handsOverBeforeEnd() { return }
        let inFlight = lifetime.rolledBack == nil ? replica.leader?.slotsInFlight ?? 0 : 0
        guard now >= deadline || (callers.undecided.isEmpty && inFlight == 0) else { return }
        callers.endAll(.closed, output: &output)
        writes.addCheckpoint(of: delivering, after: 1, to: &output.rows)
        output.rows.isFinal = true
        if lifetime.rolledBack == nil { replica.sayFarewell(output: &output) }
    }

    /// This directory is not where a peer has met it. This process says nothing more, and no later one if it is
    /// for good: what is on its way to the disk may still get there, and its testimony is never spoken.
    mutating func fall(_ found: RolledBack, forGood: Bool, output: inout Output) {
        guard lifetime.fall(found) else { return }
        output.rows = WriteRows()
        if forGood { output.rows.rolledBack = found }
        output.fallSilent()
        callers.endAll(.rolledBack, output: &output)
    }

    /// The store has failed: what has not left the inbox is never in the log, of the rest nobody knows.
    mutating func fail(_ failure: StoreFailure, output: inout Output) {
        guard lifetime.fail(failure) else { return }
        output.facts.append(.storeFailed(failure))
        callers.endAll(.storeFailed, output: &output)
        output.isClosed = true
    }
}
