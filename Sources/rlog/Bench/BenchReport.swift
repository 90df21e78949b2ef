/// What a run prints: a line for each point as soon as it is measured, and a verdict.
struct BenchReport {
    private let settings: Bench
    private let place: BenchPlace
    private let table: Table
    private var progress = Progress()
    private var lost = 0
    private var duplicated = 0
    private var appends = 0
    private var isSound = true

    init(settings: Bench, place: BenchPlace) {
        self.settings = settings
        self.place = place
        var columns = [
            ("outstanding", 11), ("appends/s", 10), ("p50", 8), ("p99", 8), ("p99.9", 8),
            ("max", 8), ("appends/commit", 8), ("bytes/byte", 8), ("messages/append", 8),
            ("cpu s/100k", 8),
            ("memory", 8),
        ]
        if settings.baseline {
            columns += [
                ("LMDB/s", 10), ("ratio", 6), ("commit p50", 8), ("ratio", 6),
                ("best LMDB/s", 10),
            ]
        }
        columns += [("lost", 4), ("duplicated", 4)]
        table = Table(columns)
        titles = columns.map(\.0)
    }

    private let titles: [String]

    mutating func begin() {
        guard !settings.json else { return }
        let durability = place.isDurable ? "every append fsynced" : "NOT DURABLE"
        Output.answer(
            "\(settings.replicas) replica\(settings.replicas == 1 ? "" : "s")"
                + (settings.transport == .tcp ? " in processes of their own, " : ", ")
                + "\(settings.valueBytes)-byte payloads, "
                + (settings.batch > 1 ? "batches of \(settings.batch), " : "")
                + "\(place.fileSystem), \(durability), "
                + "\(Figure.decimal(settings.seconds, 1)) s a point\n\n" + table.row(titles)
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
        Output.answer(
            settings.json ? point.json(settings, place).text + "\n" : table.row(cells(of: point))
        )
        if point.readBack.foreign > 0 {
            Output.complain("\(point.readBack.foreign) entries are not what anybody appended")
        }
        if !point.readBack.isSame {
            Output.complain("the replicas and their directories showed different logs")
        }
    }

    private func cells(of point: BenchPoint) -> [String] {
        let latency = point.measured.latency
        var cells = [
            String(point.outstanding), Figure.whole(point.appendsPerSecond),
            Figure.time(microseconds: latency?.p50), Figure.time(microseconds: latency?.p99),
            Figure.time(microseconds: latency?.p999), Figure.time(microseconds: latency?.max),
            Figure.decimal(point.appendsPerCommit, 1),
            Figure.decimal(point.bytesPerPayloadByte(valueBytes: settings.valueBytes), 2),
            Figure.decimal(point.messagesPerAppend, 3),
            Figure.decimal(point.cpuSecondsPer100k, 3),
            point.measured.peakMemory.map { Figure.bytes($0) } ?? "-",
        ]
        if settings.baseline {
            cells += [
                Figure.decimal(point.naive?.appendsPerSecond, 0),
                Figure.decimal(point.throughputRatio, 2),
                Figure.time(microseconds: point.naive?.commitP50),
                Figure.decimal(point.latencyRatio, 2),
                Figure.decimal(point.best?.appendsPerSecond, 0),
            ]
        }
        return cells + [String(point.readBack.lost), String(point.readBack.duplicated)]
    }

    mutating func end() {
        progress.clear()
        if !settings.json {
            Output.answer(
                "\nlost \(lost) duplicated \(duplicated): read back \(Figure.whole(appends)) entries, "
                    + "from every running replica and from its directory\n"
            )
            if settings.baseline {
                Output.answer(
                    "LMDB/s: raw LMDB without consensus, groups as large as outstanding, default "
                        + "flags, growing file; ratios are to it.\nbest LMDB/s: zero-filled runway, "
                        + "one flush a commit.\n"
                )
            }
        }
        if !isSound {
            Output.complain(
                "the log read back is not what was acknowledged; the directories are kept in "
                    + place.path
            )
        }
    }
}
