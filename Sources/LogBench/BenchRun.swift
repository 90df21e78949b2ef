import LogCommands

/// One call of `rlog bench`: point after point, each measured until it can be trusted.
struct BenchRun {
    private let settings: Bench
    private let place: BenchPlace
    private let interruption: Interruption
    private var report: BenchReport
    /// Something was lost or duplicated: nothing is measured any more, and nothing removed.
    private var isSound = true

    private static let usual = [1, 16, 64, 256, 1024, 4096]
    /// What a sweep begins with, to find out how much the log takes.
    private static let saturating = 1_024
    private static let sweep = [0.1, 0.25, 0.5, 0.75, 0.9, 1.0]

    init(
        _ settings: Bench,
        _ place: BenchPlace,
        _ interruption: Interruption
    ) throws(Failure) {
        self.settings = settings
        self.place = place
        self.interruption = interruption
        report = BenchReport(
            settings: settings,
            place: place,
            machine: try Machine(directory: place.path)
        )
    }

    mutating func execute() async throws(Failure) -> ExitStatus {
        // Before an error is reported too.
        defer { report.clear() }
        if let path = settings.report { try TextFile.prepare(path) }
        report.begin()
        for replicas in settings.replicas {
            for valueBytes in settings.valueBytes {
                try await measure(replicas: replicas, valueBytes: valueBytes)
            }
        }
        if interruption.isAsked {
            Output.complain("interrupted: this is what was measured until then")
        }
        report.end()
        if let path = settings.report {
            let page = ReportPage.html([(name: path, points: report.points)])
            do throws(Failure) {
                try TextFile.write(page, to: path)
            } catch {
                // What was lost is worse than a page that was not written.
                if isSound { throw error }
                Output.complain(error.detail)
            }
        }
        return isSound ? .done : .wrong
    }

    private mutating func measure(replicas: Int, valueBytes: Int) async throws(Failure) {
        func point(_ load: BenchCase.Load) -> BenchCase {
            BenchCase(
                load: load,
                replicas: replicas,
                transport: settings.transport,
                valueBytes: valueBytes,
                batch: settings.batch,
                subscribers: settings.subscribers,
                readers: settings.readers,
                fault: settings.fault,
                isTrimmed: settings.trim,
                seconds: settings.seconds,
                warmup: settings.warmup
            )
        }
        if settings.sweep {
            let most = try await measure(point(.closed(outstanding: Self.saturating)))
            guard let most else { return }
            for share in Self.sweep {
                let rate = max(1, (most.appendsPerSecond * share).rounded())
                _ = try await measure(point(.open(rate: rate)))
            }
            return
        }
        for count in settings.isUsual ? Self.usual : settings.outstanding {
            _ = try await measure(point(.closed(outstanding: count)))
        }
        for rate in settings.rate { _ = try await measure(point(.open(rate: rate))) }
    }

    /// Measures a point as often as was asked for and shows the median; `nil` after something was lost.
    private mutating func measure(_ point: BenchCase) async throws(Failure) -> BenchPoint? {
        var runs: [BenchPoint] = []
        while isSound, runs.count < settings.runs, !interruption.isAsked {
            var run = try await measureOnce(point)
            // The end came before there was anything to measure.
            if interruption.isAsked, run.isClean, run.measured.appends == 0 { break }
            var repeats = 0
            while run.isDisturbed, run.isClean, repeats < settings.repeats, !interruption.isAsked {
                repeats += 1
                report.note("\(point.title): others used the machine, once more")
                run = try await measureOnce(point)
            }
            runs.append(run)
        }
        guard !runs.isEmpty, let median = BenchPoint.median(of: runs) else { return nil }
        report.add(median)
        return median
    }

    private mutating func measureOnce(_ point: BenchCase) async throws(Failure) -> BenchPoint {
        var naive: BaselineFigures?
        var baselines: Baseline?
        if settings.baseline || settings.isUsual, let rows = point.baselineRows {
            let raw = Baseline(
                environments: point.replicas,
                rows: rows,
                valueBytes: point.valueBytes,
                // Who did not ask for the comparison gets a short one.
                seconds: settings.baseline ? point.seconds : min(1, point.seconds),
                warmup: settings.baseline ? point.warmup : min(0.2, point.warmup)
            )
            report.note("\(point.title): raw LMDB, default flags")
            naive = try await raw.run(.naive, in: place.fresh("naive"))
            place.remove("naive")
            baselines = raw
        }
        report.note("\(point.title): warming up")
        let nodes = "nodes-\(point.name)"
        var measured = try await PointRun(
            point,
            directory: place.fresh(nodes),
            interruption
        ).run(report: &report)
        measured.naive = naive
        guard measured.isClean else {
            // Evidence: neither a signal nor a reader that goes away removes it.
            isSound = false
            interruption.end()
            return measured
        }
        place.remove(nodes)
        if settings.baseline, let naive, let baselines, !interruption.isAsked {
            report.note("\(point.title): raw LMDB, runway and one flush a commit")
            measured.best = try await baselines.run(
                .best(runwayBytes: naive.runwayWorth(seconds: point.seconds)),
                in: place.fresh("best")
            )
            place.remove("best")
        }
        return measured
    }
}
