import LogCommands
import PaxosCore
import Platform
import ReplicatedLog

/// A replica in a process of its own: an `rlog node` on loopback, asked by its own lines of JSON.
final class BenchChild: BenchReplica {
    let node: NodeID
    let directory: String
    private let arguments: [String]
    private let state: Locked<State>

    private struct State {
        var process: ChildProcess
        /// It has been ended on purpose.
        var isDown = false
    }

    private static let patience = Duration.seconds(30)
    /// Slots of one request.
    private static let pageSlots: UInt64 = 4_096

    /// Starts a node on a directory that is there, and returns when it takes requests.
    static func start(
        _ node: NodeID,
        directory: String,
        addresses: [NodeID: String],
        electionTimeout: Duration
    ) async throws(Failure) -> BenchChild {
        var arguments = [
            "node", "--data", directory, "--election-ms", "\(electionTimeout.wholeMilliseconds)",
        ]
        for (member, address) in addresses.sorted(by: { $0.key < $1.key }) {
            let peer = "\(member.rawValue)=\(address)"
            arguments += member == node ? ["--listen", address] : ["--peer", peer]
        }
        let child = BenchChild(node, directory, arguments, try process(arguments))
        try await child.becomeReady()
        return child
    }

    private init(
        _ node: NodeID,
        _ directory: String,
        _ arguments: [String],
        _ process: ChildProcess
    ) {
        self.node = node
        self.directory = directory
        self.arguments = arguments
        state = Locked(State(process: process))
    }

    private static func process(_ arguments: [String]) throws(Failure) -> ChildProcess {
        do throws(PosixError) {
            return try ChildProcess(arguments)
        } catch {
            throw Failure(error)
        }
    }

    private var process: ChildProcess { state.withLock { $0.process } }

    private func becomeReady() async throws(Failure) {
        guard let ready = await exchange(nil), ready["event"]?.asString == "ready" else {
            throw await stop() ?? silence
        }
    }

    var hasEnded: Bool { state.withLock { !$0.isDown && $0.process.hasEnded } }

    /// Ends the process, as a machine that is lost does, or in order; it is not missed until it starts again.
    func takeDown(inOrder: Bool) async throws(Failure) {
        let process = state.withLock { state in
            state.isDown = true
            return state.process
        }
        try await offPool { () throws(Failure) in
            if inOrder {
                _ = process.end(within: .seconds(10))
            } else {
                process.killNow()
            }
        }.get()
    }

    func startAgain() async throws(Failure) {
        let process = try Self.process(arguments)
        state.withLock { $0 = State(process: process) }
        try await becomeReady()
    }

    func figures() async throws(Failure) -> ReplicaFigures {
        guard let answer = await exchange(#"{"op":"status","id":0}"#),
            let counters = answer["counters"],
            let delivered = answer["delivered_slot"]?.asUnsigned,
            let commits = counters["commits"]?.asUnsigned,
            let flushes = counters["flushes"]?.asUnsigned,
            let runwayFlushes = counters["runway_flushes"]?.asUnsigned,
            let confirmingFlushes = counters["confirming_flushes"]?.asUnsigned,
            let messages = counters["sent_messages"]?.asUnsigned,
            let cpu = counters["cpu_us"]?.asUnsigned
        else { throw silence }
        var storage = StoreCounters()
        storage.commits = commits
        storage.flushes = flushes
        storage.runwayFlushes = runwayFlushes
        storage.confirmingFlushes = confirmingFlushes
        storage.bytesWritten = counters["bytes_written"]?.asUnsigned
        return ReplicaFigures(
            deliveredSlot: Slot(rawValue: delivered),
            storage: storage,
            process: ReplicaFigures.Process(
                messages: Int(clamping: messages),
                cpuSeconds: Double(cpu) / 1e6,
                anonymousResidentBytes: answer["resident_bytes"]?.asUnsigned
            )
        )
    }

    func read(
        _ slots: ClosedRange<Slot>,
        _ take: (Slot, [UInt8]) -> Void
    ) async throws(Failure) -> Slot {
        let first = slots.lowerBound.rawValue
        let last = min(slots.upperBound.rawValue, first + Self.pageSlots - 1)
        let answer = await exchange(#"{"op":"read","id":0,"from":\#(first),"to":\#(last)}"#)
        if let answer, let error = answer["error"]?.asString {
            let place = "\(directory) at slot \(first)"
            throw Failure(.wrong, "not_read", "reading \(place) back failed: \(error)")
        }
        guard let entries = answer?["entries"]?.asArray,
            let through = answer?["through"]?.asUnsigned
        else { throw silence }
        for entry in entries {
            guard let slot = entry["slot"]?.asUnsigned,
                let payload = entry["payload_base64"]?.asString.flatMap(Base64.decode)
            else { throw silence }
            take(Slot(rawValue: slot), payload)
        }
        return Slot(rawValue: through)
    }

    func stop() async -> Failure? {
        let process = process
        let ending = await offPool { () throws(Failure) in process.end(within: .seconds(10)) }
        switch ending {
        case .success(.exit(0)): return nil
        case .success(.exit(let code)):
            let status = ExitStatus(rawValue: code) ?? .unavailable
            return Failure(
                status,
                status == .storageFailed ? Failure.storeFailed : "replica_ended",
                "the process of the replica on \(directory) ended with status \(code)"
            )
        case .success(.signal(let number)):
            return Failure(
                .unavailable,
                "replica_ended",
                "the process of the replica on \(directory) was ended by signal \(number)"
            )
        case .failure(let failure): return failure
        }
    }

    private var silence: Failure {
        Failure(
            .unavailable,
            "no_answer",
            "the process of the replica on \(directory) gave no answer that can be understood"
        )
    }

    /// The next line that comes, as JSON.
    private func exchange(_ line: String?) async -> JSON? {
        let process = process
        let answer = await offPool { () throws(Failure) in
            process.exchange(line, within: Self.patience).flatMap { JSON(parsing: $0) }
        }
        guard case .success(let object) = answer else { return nil }
        return object
    }
}
