import LogCommands
import PaxosCore
import Platform
import ReplicatedLog

/// The log of a point as it was read back: from every replica, running and at rest.
struct ReadBack {
    private(set) var lost: Int
    private(set) var duplicated: Int
    private(set) var foreign: Int
    /// All replicas and their directories showed the same log.
    private(set) var isSame = true
    private let live: Tally
    /// The directories hold the ends of the log, each from another slot on.
    private var isTrimmed = false

    var entries: Int { live.entries }
    var isClean: Bool { lost == 0 && duplicated == 0 && foreign == 0 && isSame }

    private init(_ tally: Tally, lost: Int) {
        live = tally
        self.lost = lost
        duplicated = tally.duplicated
        foreign = tally.foreign
    }

    /// Waits until every replica has delivered the last acknowledged slot, then reads up to it from each.
    static func live(
        _ cluster: BenchCluster,
        _ measured: LoadResult,
        _ workload: Workload
    ) async throws(Failure) -> ReadBack {
        for replica in cluster.replicas { try await wait(for: measured.last, replica) }
        var readBack: ReadBack?
        for replica in cluster.replicas {
            let tally = try await tally(replica, measured, workload)
            if readBack == nil {
                readBack = ReadBack(tally, lost: 0)
            }
            readBack?.take(tally, measured)
        }
        guard let readBack else { preconditionFailure("a cluster has a replica") }
        return readBack
    }

    /// What was read of every replica while its log was trimmed.
    static func trimmed(_ tallies: [Tally], _ measured: LoadResult) -> ReadBack {
        guard let first = tallies.first else { preconditionFailure("a cluster has a replica") }
        var readBack = ReadBack(first, lost: 0)
        for tally in tallies { readBack.take(tally, measured) }
        readBack.isTrimmed = true
        return readBack
    }

    private static func tally(
        _ replica: any BenchReplica,
        _ measured: LoadResult,
        _ workload: Workload
    ) async throws(Failure) -> Tally {
        var tally = Tally(workload: workload, clients: measured.acknowledged.count)
        var next = Slot.first
        while next <= measured.last {
            let through = try await replica.read(next...measured.last) { slot, payload in
                tally.take(slot: slot.rawValue, payload: payload)
            }
            guard through >= next else { break }
            next = through.next
        }
        return tally
    }

    private mutating func take(_ tally: Tally, _ measured: LoadResult) {
        lost = max(lost, tally.lost(acknowledged: measured.acknowledged))
        duplicated = max(duplicated, tally.duplicated)
        foreign = max(foreign, tally.foreign)
        isSame = isSame && tally.digest == live.digest
    }

    private static func wait(
        for slot: Slot,
        _ replica: any BenchReplica
    ) async throws(Failure) {
        let deadline = MonotonicClock.now().advanced(by: .seconds(30))
        while try await replica.figures().deliveredSlot < slot {
            // Why is said by whoever stops it.
            guard !replica.hasEnded else {
                throw Failure(.unavailable, "ended", "\(replica.directory) has ended")
            }
            guard MonotonicClock.now() < deadline else {
                throw Failure(
                    .unavailable,
                    "not_delivered",
                    "\(replica.directory) has not delivered the acknowledged slot \(slot) in 30 s"
                )
            }
            try? await Task.sleep(for: .milliseconds(1))
        }
    }

    /// Reads the directories of the nodes, which have shut down, and decides anew what has effect.
    mutating func compareAtRest(
        _ directories: [String],
        _ measured: LoadResult,
        _ workload: Workload
    ) async throws(Failure) {
        for directory in directories {
            try await compareAtRest(directory, measured, workload)
        }
    }

    private mutating func compareAtRest(
        _ directory: String,
        _ measured: LoadResult,
        _ workload: Workload
    ) async throws(Failure) {
        let clients = measured.acknowledged.count
        let read = await offPool { () throws(Failure) in
            var tally = Tally(workload: workload, clients: clients)
            let replay = try EffectReplay.run(directory) { slot, payload in
                tally.take(slot: slot.rawValue, payload: payload)
            }
            return (tally, replay)
        }
        let (tally, end) = try read.get()
        if isTrimmed {
            duplicated = max(duplicated, tally.duplicated)
            foreign = max(foreign, tally.foreign)
        } else {
            take(tally, measured)
        }
        if end < measured.last { isSame = false }
    }
}
