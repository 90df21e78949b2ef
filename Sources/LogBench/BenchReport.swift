import LogCommands

/// What a run prints: a line for each point as soon as it is measured, and a verdict.
struct BenchReport {
    private let settings: Bench
    private let place: BenchPlace
    private let machine: Machine
    private let table: Table
    private let titles: [String]
    private var progress = Progress()
    private var lost = 0
    private var duplicated = 0
    private var appends = 0
    private var isSound = true
    private var isDisturbed = false
    /// Of every point, as `--json` prints it.
    private(set) var points: [JSON] = []
    private var ratios: [(outstanding: Int, throughput: Double)] = []

    init(settings: Bench, place: BenchPlace, machine: Machine) {
        self.settings = settings
        self.place = place
        self.machine = machine
        var columns: [(String, Int)] = []
        if settings.replicas.count > 1 { columns.append(("replicas", 8)) }
        if settings.valueBytes.count > 1 { columns.append(("bytes", 7)) }
        columns += [
            (settings.rate.isEmpty && !settings.sweep ? "outstanding" : "load", 11),
            ("appends/s", 10), ("p50", 8), ("p99", 8), ("p99.9", 8),
            ("max", 8), ("appends/commit", 8), ("bytes/byte", 8), ("messages/append", 8),
            ("cpu s/100k", 8), ("memory", 8),
        ]
        if settings.fault != .none { columns += [("gap", 8), ("given up", 8)] }
        if settings.subscribers > 0 { columns += [("delivered", 9), ("p99", 8)] }
        if settings.readers > 0 { columns += [("entries read/s", 10), ("p99", 8)] }
        if settings.baseline || settings.isUsual {
            columns += [("LMDB/s", 10), ("ratio", 6), ("commit p50", 8), ("ratio", 6)]
        }
        if settings.baseline { columns.append(("best LMDB/s", 10)) }
        if settings.runs > 1 { columns.append(("spread", 6)) }
        columns += [("lost", 4), ("duplicated", 4)]
        table = Table(columns)
        titles = columns.map(\.0)
    }

    mutating func begin() {
        guard !settings.json else { return }
        let durability = place.isDurable ? "every append fsynced" : "NOT DURABLE"
        let replicas = settings.replicas.map(String.init).joined(separator: ", ")
        let sizes = settings.valueBytes.map(String.init).joined(separator: ", ")
        Output.answer(
            "\(replicas) replica\(settings.replicas == [1] ? "" : "s")"
                + (settings.transport == .tcp ? " in processes of their own, " : ", ")
                + "\(sizes)-byte payloads, "
                + (settings.batch > 1 ? "batches of \(settings.batch), " : "")
                + "\(place.fileSystem), \(durability), "
                + (settings.trim ? "trimmed behind \(Figure.whole(Audit.kept)) entries, " : "")
                + "\(Figure.decimal(settings.seconds, 1)) s a point"
                + (settings.runs > 1 ? ", medians of \(settings.runs) runs" : "")
                + "\n\(Machine.processors) x \(machine.processor), \(machine.device), a page flushed in "
                + "\(Figure.time(microseconds: machine.flush?.p50))\n\n" + table.row(titles)
        )
    }

    /// What goes on now, on a terminal.
    mutating func note(_ text: String) {
        progress.show(text)
    }

    mutating func clear() {
        progress.clear()
    }

    mutating func add(_ point: BenchPoint) {
        progress.clear()
        lost += point.readBack.lost
        duplicated += point.readBack.duplicated
        appends += point.readBack.entries
        if !point.isClean { isSound = false }
        if point.isDisturbed { isDisturbed = true }
        if let outstanding = point.point.outstanding, let ratio = point.throughputRatio {
            ratios.append((outstanding, ratio))
        }
        let json = point.json(place, machine)
        points.append(json)
        Output.answer(settings.json ? json.text + "\n" : table.row(cells(of: point)))
        if point.measured.load.failed > 0, point.point.fault == .none {
            Output.complain(
                "\(point.point.title): \(point.measured.load.failed) appends were given up: "
                    + "more was sent than the log takes"
            )
        }
        if point.readBack.foreign > 0 {
            Output.complain("\(point.readBack.foreign) entries are not what anybody appended")
        }
        if !point.readBack.isSame {
            Output.complain("the replicas and their directories showed different logs")
        }
    }

    private func cells(of point: BenchPoint) -> [String] {
        let latency = point.measured.latency
        var cells: [String] = []
        if settings.replicas.count > 1 { cells.append(String(point.point.replicas)) }
        if settings.valueBytes.count > 1 { cells.append(String(point.point.valueBytes)) }
        let load = point.point.rate.map { Figure.whole($0) + "/s" }
        cells += [
            (load ?? String(point.point.outstanding ?? 0)) + (point.isDisturbed ? " !" : ""),
            Figure.whole(point.appendsPerSecond),
            Figure.time(microseconds: latency?.p50), Figure.time(microseconds: latency?.p99),
            Figure.time(microseconds: latency?.p999), Figure.time(microseconds: latency?.max),
            Figure.decimal(point.appendsPerCommit, 1),
            Figure.decimal(point.bytesPerPayloadByte, 2),
            Figure.decimal(point.messagesPerAppend, 3),
            Figure.decimal(point.cpuSecondsPer100k, 3),
            point.measured.peakMemory.map { Figure.bytes($0) } ?? "-",
        ]
        if settings.fault != .none {
            cells += [
                Figure.time(microseconds: point.measured.gap),
                Figure.whole(point.measured.load.failed),
            ]
        }
        if settings.subscribers > 0 {
            let slowest = point.measured.slowestDelivery
            cells += [
                Figure.time(microseconds: slowest?.p50), Figure.time(microseconds: slowest?.p99),
            ]
        }
        if settings.readers > 0 {
            let readers = point.measured.readers
            let entries = Double(readers?.entries ?? 0) / point.measured.span.seconds
            cells += [Figure.whole(entries), Figure.time(microseconds: readers?.latency?.p99)]
        }
        if settings.baseline || settings.isUsual {
            cells += [
                Figure.decimal(point.naive?.appendsPerSecond, 0),
                Figure.decimal(point.throughputRatio, 2),
                Figure.time(microseconds: point.naive?.commitP50),
                Figure.decimal(point.latencyRatio, 2),
            ]
        }
        if settings.baseline { cells.append(Figure.decimal(point.best?.appendsPerSecond, 0)) }
        if settings.runs > 1 { cells.append(Figure.decimal(point.spread, 2)) }
        return cells + [String(point.readBack.lost), String(point.readBack.duplicated)]
    }

    mutating func end() {
        progress.clear()
        if !settings.json { conclude() }
        if !isSound {
            Output.complain(
                "the log read back is not what was acknowledged; the directories are kept in "
                    + place.path
            )
        }
    }

    private func conclude() {
        var text = "\n"
        if isDisturbed {
            text +=
                "!: others used more than 15 % of the machine meanwhile, however often it was measured.\n"
        }
        if !ratios.isEmpty {
            text +=
                "LMDB/s: raw LMDB without consensus, groups as large as outstanding, default "
                + "flags, growing file; ratios are to it.\n"
        }
        if settings.fault != .none {
            text +=
                "gap: the longest time without an answer, from when \(settings.fault.rawValue) began, a third into each "
                + "measurement; given up: appends of which nobody knew in time whether they were taken.\n"
        }
        if settings.readers > 0 {
            text += "entries read/s, p99: by all readers together, and of one page.\n"
        }
        if settings.subscribers > 0 {
            text +=
                "delivered: from the sending of an append until a subscriber has it, on the slowest member "
                + "of this process.\n"
        }
        if settings.baseline {
            text += "best LMDB/s: zero-filled runway, one flush a commit.\n"
        }
        if let least = ratios.min(by: { $0.throughput < $1.throughput }),
            let most = ratios.max(by: { $0.throughput < $1.throughput })
        {
            let range =
                ratios.count > 1
                ? "\(Figure.decimal(least.throughput, 2)) (at \(least.outstanding) outstanding) to "
                : ""
            text +=
                "With consensus and every replica durable, the log took \(range)"
                + "\(Figure.decimal(most.throughput, 2)) (at \(most.outstanding) outstanding) of what "
                + "raw LMDB alone took.\n"
        }
        Output.answer(
            text
                + "lost \(lost) duplicated \(duplicated): read back \(Figure.whole(appends)) entries, "
                + "from every running replica and from its directory\n"
        )
    }
}
