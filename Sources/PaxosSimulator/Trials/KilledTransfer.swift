package import PaxosCore

/// Whose process ends while a snapshot is on its way.
package enum TransferEnd: CaseIterable, Sendable {
    case giver, taker
}

extension Simulation {
    /// A member was away for longer than it is waited for, and takes the snapshot of another under load. Once so many
    /// pieces of it are written one of the two ends, and is back some ticks later: what came before is used
    /// again, and the member gets everything.
    ///
    /// - Parameter keepsWrites: Whether what was on its way to the disk of whoever ends gets there.
    /// - Returns: Also how many pieces the snapshot has; `nil` if it has not so many.
    package static func runKilledTransfer(
        seed: UInt64,
        piece: Int,
        _ end: TransferEnd,
        keepsWrites: Bool
    ) throws(InvalidMembership) -> (report: Report, pieces: Int?) {
        let world = try World(seed: seed, members: 3, faults: .none)
        var violation: Violation?
        var pieces: Int?
        do {
            pieces = try world.killTransfer(at: piece, end, keepsWrites: keepsWrites)
        } catch {
            violation = error
        }
        return (report(of: world, seed: seed, violation), pieces)
    }
}

extension World {
    private static var pieceBytes: Int { 64 }

    fileprivate func killTransfer(
        at piece: Int,
        _ end: TransferEnd,
        keepsWrites: Bool
    ) throws(Violation) -> Int? {
        let (taker, others) = try leaveBehind()
        try start(taker)
        let bytes = piece * Self.pieceBytes
        try go("piece \(piece) is written") {
            let isGiven = end == .taker || others.contains(where: \.store.folder.isLending)
            return isGiven && taker.store.folder.taking >= bytes
                || taker.store.disk.trimmed > .zero
        }
        guard taker.store.disk.trimmed == .zero, taker.store.folder.taking >= bytes else {
            return nil
        }
        guard let victim = end == .taker ? taker : others.first(where: \.store.folder.isLending)
        else { throw Violation(.snapshot, "nobody gives \(taker.id) what it takes") }
        try crash(victim, keeping: keepsWrites ? victim.store.unreceipted : 0)
        let back = now.advanced(byTicks: 5)
        try go("\(victim.id) is back") { now >= back }
        try start(victim)
        try go("the snapshot is there") { taker.store.disk.trimmed > .zero }
        isQuiescing = true
        probes = nodes.map { Probe(node: $0.index) }
        try drive(ticks: 20_000)
        guard isQuiet, let file = taker.store.folder.files.last else {
            throw Violation(.liveness, "piece \(piece), \(end): \(account)")
        }
        let pieces = (file.bytes.count + Self.pieceBytes - 1) / Self.pieceBytes
        // Of an unfinished file a crash loses what was not flushed.
        let again = (end == .taker ? (piece + 1) / 2 : 0) + 2
        try demand(
            taker.store.folder.writes <= pieces + again && hostsRestored > 0,
            .snapshot,
            "\(end) ended at piece \(piece) of \(pieces), and \(taker.store.folder.writes) were written"
        )
        return pieces
    }

    /// The others have trimmed what a member lacks that is down, behind snapshots of their hosts; appends go on.
    private func leaveBehind() throws(Violation) -> (
        taker: SimulatedNode, others: [SimulatedNode]
    ) {
        let patience = 4 * mix.limits.electionTicks
        mix.limits.pageBytes = Self.pieceBytes
        mix.limits.retentionTime = .milliseconds(10 * Int(patience))
        leavesBehind = true
        snapshots = WorldSnapshots(random: SeededGenerator(seed: 1), bytes: 600)
        startAll()
        agenda.put(.work, at: now.advanced(byTicks: 1))
        try go("all have something") {
            nodes.allSatisfy { $0.process.map { $0.core.delivered > 5 } ?? false }
        }
        guard let taker = nodes.last(where: { $0.process?.core.status.role == .follower }) else {
            throw Violation(.liveness, "nobody follows")
        }
        try crash(taker, keeping: taker.store.unreceipted)
        let known = taker.store.disk.last
        let others = nodes.filter { $0 !== taker }
        var trims = now
        try go("what \(taker.id) lacks is trimmed") {
            if now >= trims {
                trims = now.advanced(byTicks: 20)
                for node in others {
                    guard let process = node.process else { continue }
                    writeSnapshot(node, process)
                    trim(through: process.core.status.committed, node, process)
                }
            }
            return others.allSatisfy { $0.store.disk.trimmed > known }
        }
        return (taker, others)
    }

    private func go(_ what: String, until isReached: () -> Bool) throws(Violation) {
        let end = now.advanced(byTicks: 50_000)
        while !isReached() {
            guard let next = agenda.popFirst(), next.moment <= end else {
                throw Violation(.liveness, "never: \(what); \(account)")
            }
            now = next.moment
            try handle(next.event)
        }
    }
}
