package import ArgumentParser
package import LogCommands
import ReplicatedLog

/// `rlog bench`: a real durable cluster, measured, and read back.
package struct Bench: RlogCommand {
    package static let configuration = CommandConfiguration(
        abstract: "Measure a real durable log on a real disk, and read every append back.",
        discussion: """
            Each point is a load on a fresh cluster. A closed loop has as many tasks as outstanding \
            appends, each awaiting one append after the other on the node that leads; an open loop \
            (--rate, --sweep) sends at its own pace. With --transport tcp \
            every other replica is a process of its own, reached over loopback. Afterwards the whole \
            log is read back, from every running replica and from its directory, and compared with \
            what was acknowledged: anything lost or duplicated ends with exit status 1. Flushes, \
            commits and written bytes are of all replicas; what is given per commit or per payload \
            byte is of one.
            """
    )

    @Option(
        help:
            "Members of the cluster, 1 to 7, each on a directory of its own; or several, as in 1,3.",
        transform: Bench.counts
    )
    var replicas = [3]

    @Option(
        help: """
            How replicas reach each other: memory, all in this process, or tcp, each in a process of \
            its own.
            """
    )
    var transport = BenchTransport.memory

    @Option(help: "Bytes of each payload, at least 8; or several sizes.", transform: Bench.sizes)
    var valueBytes = [256]

    @Option(
        help: """
            Appends outstanding at once: one point of the table for each number. Without this and \
            --rate: 1,16,64,256,1024,4096.
            """,
        transform: Bench.counts
    )
    var outstanding: [Int] = []

    @Option(
        help: """
            Appends sent a second, whether or not earlier ones have come back: one point for each \
            number. A latency begins when the append was to be sent.
            """,
        transform: Bench.rates
    )
    var rate: [Double] = []

    @Flag(
        help: """
            Measure how much the log takes, then its latencies at a tenth to nine tenths of it and at \
            all of it.
            """
    )
    var sweep = false

    @Option(help: "Seconds measured at each point.")
    var seconds = 5.0

    @Option(help: "Seconds before each measurement that do not count.")
    var warmup = 1.0

    @Option(help: "Payloads in each append: more than 1 appends batches.")
    var batch = 1

    @Option(
        help: """
            Subscribers of each member that runs in this process: how long it takes from the sending of \
            an append until they have it is measured too, in payloads of at least 16 bytes.
            """
    )
    var subscribers = 0

    @Option(
        help: """
            Readers of the node that is called: tasks that each read a page of what is committed, from where the \
            last one ended.
            """
    )
    var readers = 0

    @Option(
        help: """
            What happens in the middle third of each measurement: none, kill-leader or restart (of the process \
            that leads; with --transport tcp), slow-disk or slow-link (of one follower; in memory), \
            slow-subscriber. The longest time without an answer is told.
            """
    )
    var fault = BenchFault.none

    @Flag(
        help: """
            Trim each log behind its last 10000 entries while it is measured, in memory alone. A consumer of each replica \
            reads all of it before that, and counts as what it costs.
            """
    )
    var trim = false

    @Option(help: "Measure each point so often, and show the median.")
    var runs = 1

    @Option(help: "Measure a point again, so often at most, if others used much of the machine.")
    var repeats = 3

    @Option(
        help: """
            Where to make the temporary data directories; they are removed afterwards, unless an \
            append was lost or the disk failed.
            """
    )
    var data: String?

    @Option(help: "Write a page with plots to this file, to be looked at without a network.")
    var report: String?

    @Flag(help: "Measure raw LMDB without consensus too, in turn with each point.")
    var baseline = false

    @Flag(help: "Print one JSON object for each point.")
    package var json = false

    package init() {}

    /// Nothing was asked for but to show what the log does.
    var isUsual: Bool { outstanding.isEmpty && rate.isEmpty && !sweep }

    static func counts(_ text: String) throws -> [Int] {
        try list(text, "Numbers from 1 to 65536, with commas between them.") { part in
            Int(part).flatMap { (1...65_536).contains($0) ? $0 : nil }
        }
    }

    static func sizes(_ text: String) throws -> [Int] {
        try list(text, "Bytes, with commas between them.") { part in
            Int(part).flatMap { $0 > 0 ? $0 : nil }
        }
    }

    static func rates(_ text: String) throws -> [Double] {
        try list(text, "Appends a second, 1 to 10000000, with commas between them.") { part in
            Double(part).flatMap { (1...10_000_000).contains($0) ? $0 : nil }
        }
    }

    private static func list<Number>(
        _ text: String,
        _ what: String,
        _ parse: (Substring) -> Number?
    ) throws -> [Number] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let number = parse(part) else { throw ValidationError(what) }
            return number
        }
    }

    package func validate() throws {
        let limits = Limits()
        guard replicas.allSatisfy({ (1...7).contains($0) }) else {
            throw ValidationError("--replicas must be 1 to 7.")
        }
        guard
            valueBytes.allSatisfy({
                (Workload.smallestPayload...limits.maxPayloadBytes).contains($0)
            })
        else {
            throw ValidationError("--value-bytes must be 8 to \(limits.maxPayloadBytes).")
        }
        guard (1...limits.maxBatchEntries).contains(batch),
            valueBytes.allSatisfy({ batch * $0 <= limits.maxBatchBytes })
        else {
            throw ValidationError(
                "--batch must be 1 to \(limits.maxBatchEntries), of \(limits.maxBatchBytes) bytes."
            )
        }
        guard (0...4_096).contains(subscribers) else {
            throw ValidationError("--subscribers must be 0 to 4096.")
        }
        guard subscribers == 0 || valueBytes.allSatisfy({ $0 >= Workload.smallestStamped }) else {
            throw ValidationError(
                "--subscribers need --value-bytes of at least \(Workload.smallestStamped)."
            )
        }
        guard (0...4_096).contains(readers) else {
            throw ValidationError("--readers must be 0 to 4096.")
        }
        guard !trim || transport == .memory && fault == .none && readers == 0 else {
            throw ValidationError("--trim needs --transport memory, no --fault and no --readers.")
        }
        try validateFault()
        guard seconds >= 0.01, seconds <= 86_400, warmup >= 0, warmup <= 3_600 else {
            throw ValidationError("--seconds must be 0.01 to 86400, and --warmup 0 to 3600.")
        }
        guard (0...99).contains(repeats) else {
            throw ValidationError("--repeats must be 0 to 99.")
        }
        guard (1...99).contains(runs) else { throw ValidationError("--runs must be 1 to 99.") }
        guard !sweep || outstanding.isEmpty && rate.isEmpty else {
            throw ValidationError("--sweep finds its rates by itself: leave out the others.")
        }
    }

    private func validateFault() throws {
        guard fault != .none else { return }
        if let needed = fault.transport, needed != transport {
            throw ValidationError("--fault \(fault.rawValue) needs --transport \(needed.rawValue).")
        }
        guard fault == .slowSubscriber || replicas.allSatisfy({ $0 >= 3 }) else {
            throw ValidationError("--fault \(fault.rawValue) needs --replicas of 3 at least.")
        }
        guard seconds >= 1 else {
            throw ValidationError("--fault needs --seconds of 1 at least.")
        }
    }

    package func execute() async throws(Failure) -> ExitStatus {
        let interruption = Interruption()
        defer { interruption.end() }
        let place = try BenchPlace(below: data)
        interruption.guardDirectory(place.path)
        if !place.isDurable {
            Output.complain(
                "warning: \(place.path) is in memory (\(place.fileSystem)): nothing is durable "
                    + "and the figures say nothing about a disk; name a disk with --data"
            )
        }
        do throws(Failure) {
            var run = try BenchRun(self, place, interruption)
            let status = try await run.execute()
            if status == .done {
                place.remove()
                interruption.obey()
            }
            return status
        } catch {
            // What a failed disk holds is evidence; the error names it.
            if !error.isOfStore { place.remove() }
            throw error
        }
    }
}
