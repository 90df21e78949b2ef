import CLMDB
import Histogram
import LogCommands
import Platform

/// Raw LMDB in turn with a point: as many environments as replicas, each on a thread of its own, groups
/// as large as what was outstanding, and no consensus.
struct Baseline: Sendable {
    /// How the environments are used.
    enum Kind: Sendable {
        /// Default flags, two flushes a commit, the file grows.
        case naive
        /// Blocks written beforehand, one flush a commit: commit N counts once N + 1 has returned.
        case best(runwayBytes: Int)
    }

    let environments: Int
    let rows: Int
    let valueBytes: Int
    let seconds: Double
    let warmup: Double

    func run(_ kind: Kind, in directory: String) async throws(Failure) -> BaselineFigures {
        do throws(PosixError) {
            try FileSystem.makeDirectories(directory)
        } catch {
            throw Failure(error)
        }
        defer { try? FileSystem.removeTree(directory) }
        let results = await withTaskGroup(
            of: Result<BaselineFigures, Failure>.self
        ) { group in
            for number in 0..<environments {
                group.addTask {
                    await offPool { () throws(Failure) in
                        try measure(kind, path: "\(directory)/\(number).mdb")
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var figures: [BaselineFigures] = []
        for result in results { figures.append(try result.get()) }
        return BaselineFigures.slowest(figures)
    }

    private func measure(_ kind: Kind, path: String) throws(Failure) -> BaselineFigures {
        switch kind {
        case .naive:
            return try measureNaive(
                RawEnvironment(path: path, valueBytes: valueBytes, flags: 0)
            )
        case .best(let runwayBytes):
            let environment = try RawEnvironment(
                path: path,
                valueBytes: valueBytes,
                flags: MDB_NOMETASYNC
            )
            try environment.layRunway(bytes: runwayBytes)
            return try measureBest(environment, runwayBytes: runwayBytes)
        }
    }

    private func measureNaive(
        _ environment: consuming RawEnvironment
    ) throws(Failure) -> BaselineFigures {
        let warm = MonotonicClock.now().advanced(by: .seconds(warmup))
        while MonotonicClock.now() < warm { try environment.append(rows: rows) }
        var commits = Histogram<UInt64>(
            lowestDiscernibleValue: 128,
            highestTrackableValue: 60_000_000_000,
            numberOfSignificantValueDigits: .three
        )
        let used = environment.usedBytes
        let begin = MonotonicClock.now()
        let end = begin.advanced(by: .seconds(seconds))
        var now = begin
        while now < end {
            try environment.append(rows: rows)
            let after = MonotonicClock.now()
            commits.record(min(60_000_000_000, after.nanoseconds - now.nanoseconds))
            now = after
        }
        let elapsed = Double(now.nanoseconds - begin.nanoseconds) / 1e9
        return BaselineFigures(
            appendsPerSecond: Double(commits.totalCount) * Double(rows) / elapsed,
            commitP50: Double(commits.valueAtPercentile(50)) / 1_000,
            bytesPerSecond: Double(environment.usedBytes - used) / elapsed
        )
    }

    /// Until the time is over or the runway used up.
    private func measureBest(
        _ environment: consuming RawEnvironment,
        runwayBytes: Int
    ) throws(Failure) -> BaselineFigures {
        let reserve = 2 * rows * (RawEnvironment.headerBytes + valueBytes) + 1 << 20
        // The commit before the first that counts: it is durable when the first returns.
        try environment.append(rows: rows)
        var groups = 0
        let begin = MonotonicClock.now()
        let end = begin.advanced(by: .seconds(seconds))
        var now = begin
        repeat {
            try environment.append(rows: rows)
            now = MonotonicClock.now()
            groups += 1
        } while now < end && environment.usedBytes + reserve < runwayBytes
        let elapsed = Double(now.nanoseconds - begin.nanoseconds) / 1e9
        return BaselineFigures(
            appendsPerSecond: Double(groups) * Double(rows) / elapsed,
            commitP50: elapsed * 1e6 / Double(groups),
            bytesPerSecond: 0
        )
    }
}

/// What raw LMDB reached.
struct BaselineFigures: Sendable {
    let appendsPerSecond: Double
    /// Of a whole transaction, from its begin to the return of its commit, in microseconds.
    let commitP50: Double
    /// By which the file grew.
    let bytesPerSecond: Double

    /// Every replica writes everything, so the slowest environment decides.
    static func slowest(_ all: [BaselineFigures]) -> BaselineFigures {
        all.min { $0.appendsPerSecond < $1.appendsPerSecond }
            ?? BaselineFigures(appendsPerSecond: 0, commitP50: 0, bytesPerSecond: 0)
    }

    /// A runway for about so long at three times this speed, within bounds.
    func runwayWorth(seconds: Double) -> Int {
        Int(min(1_073_741_824, max(33_554_432, bytesPerSecond * 3 * (seconds + 1))))
    }
}
