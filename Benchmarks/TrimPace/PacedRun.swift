import Platform
import ReplicatedLog

/// Appends in a closed loop, while the log is trimmed behind them or not.
struct PacedRun: Sendable {
    let entries: Int
    let outstanding: Int
    let payloadBytes: Int
    /// How many entries stay when it is trimmed; 0 if it is not.
    let kept: Int
    let directory: String

    private var configuration: LogNode.Configuration {
        get throws {
            LogNode.Configuration(
                cluster: try ClusterID("trim-pace"),
                node: 1,
                membership: try Membership([1]),
                trimming: kept > 0 ? .keeping(entries: kept) : TrimPolicy()
            )
        }
    }

    /// One line: `name value` over and over, times in microseconds.
    func measure() async throws -> String {
        try await LogNode.create(configuration, directory: directory)
        let node = try await LogNode.open(configuration, directory: directory)
        let load = Locked(Load(entries: entries))
        let began = MonotonicClock.now()
        let usageBefore = ProcessUsage.now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await node.run() }
            try await withThrowingTaskGroup(of: Void.self) { work in
                for _ in 0..<outstanding { work.addTask { try await append(to: node, load) } }
                let watch = Task { try await look(node, load) }
                try await work.waitForAll()
                load.withLock { $0.isOver = true }
                try await watch.value
            }
            let elapsed = began.duration(to: MonotonicClock.now())
            let usage = ProcessUsage.now()
            load.withLock {
                $0.seconds = Double(elapsed.wholeNanoseconds) / 1e9
                $0.processorSeconds =
                    usage.userSeconds + usage.systemSeconds
                    - usageBefore.userSeconds - usageBefore.systemSeconds
            }
            let storage = node.status.storage
            load.withLock { ($0.commits, $0.trimmed) = (storage.commits, node.status.trimmedSlot) }
            await node.shutdown()
            try await group.waitForAll()
        }
        let opening = MonotonicClock.now()
        let again = try await LogNode.open(configuration, directory: directory)
        let opened = opening.duration(to: MonotonicClock.now())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await again.run() }
            _ = try await again.barrier()
            await again.shutdown()
            try await group.waitForAll()
        }
        return load.withLock { $0.line(entries: entries, opened: opened) }
    }

    private func append(to node: LogNode, _ load: Locked<Load>) async throws {
        let payload = [UInt8](repeating: 0x5A, count: payloadBytes)
        var latencies: [UInt64] = []
        while load.withLock({ $0.take() }) {
            let begin = MonotonicClock.now()
            _ = try await node.append(payload)
            latencies.append(MonotonicClock.now().nanoseconds - begin.nanoseconds)
            if latencies.count == 64 {
                load.withLock { $0.record(latencies) }
                latencies.removeAll(keepingCapacity: true)
            }
        }
        load.withLock { $0.record(latencies) }
    }

    /// The file and the memory, at each tenth of the entries.
    private func look(_ node: LogNode, _ load: Locked<Load>) async throws {
        var tenth = 0
        while tenth < 10 {
            let (taken, isOver) = load.withLock { ($0.taken, $0.isOver) }
            if isOver || taken * 10 >= entries * (tenth + 1) {
                tenth += 1
                let file = try FileSystem.fileLength(directory + "/log.mdb")
                let memory = ProcessUsage.now().anonymousResidentBytes ?? 0
                load.withLock { $0.look(file: UInt64(file), memory: memory) }
            } else {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }
}

/// What all clients share.
struct Load: Sendable {
    private var left: Int
    private(set) var taken = 0
    var isOver = false
    var seconds = 0.0
    var processorSeconds = 0.0
    var commits: UInt64 = 0
    var trimmed = Slot.zero
    /// By half a percent each.
    private var latencies = [Int](repeating: 0, count: 5_000)
    private var files: [UInt64] = []
    private var memories: [UInt64] = []

    init(entries: Int) {
        left = entries
    }

    mutating func take() -> Bool {
        guard left > 0 else { return false }
        left -= 1
        taken += 1
        return true
    }

    mutating func record(_ values: [UInt64]) {
        for value in values {
            // Eight bits behind the highest one: a step is at most 1/128 of the value.
            let shift = max(0, 56 - max(value, 1).leadingZeroBitCount)
            let place = shift << 8 | Int((value >> UInt64(shift)) & 0xFF)
            latencies[min(place, latencies.count - 1)] += 1
        }
    }

    mutating func look(file: UInt64, memory: UInt64) {
        files.append(file)
        memories.append(memory)
    }

    private func percentile(_ share: Double) -> Double {
        let all = latencies.reduce(0, +)
        var seen = 0
        for (place, count) in latencies.enumerated() {
            seen += count
            if Double(seen) >= Double(all) * share {
                return Double((place & 0xFF) << (place >> 8)) / 1_000
            }
        }
        return 0
    }

    func line(entries: Int, opened: Duration) -> String {
        func text(_ values: [UInt64]) -> String {
            values.map { "\($0 >> 20)" }.joined(separator: ",")
        }
        func rounded(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
        return [
            "rate \(Int(Double(entries) / seconds))",
            "p50 \(rounded(percentile(0.5)))",
            "p99 \(rounded(percentile(0.99)))",
            "processor \(rounded(processorSeconds * 1e6 / Double(entries)))",
            "commits \(commits)",
            "trimmed \(trimmed)",
            "open_ms \(rounded(Double(opened.wholeNanoseconds) / 1e6))",
            "file_mib \(text(files))",
            "memory_mib \(text(memories))",
        ].joined(separator: " ")
    }
}
