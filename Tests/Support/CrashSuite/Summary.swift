import CrashHistory
import Foundation

/// What a run did and what came of it, for people.
struct Summary {
    let recorder: Recorder
    let watch: LeaderWatch
    let links: Links
    /// `nil` if there was nothing to judge.
    let check: HistoryCheck?

    var isRight: Bool {
        recorder.reports.isEmpty && check?.violations.isEmpty == true
    }

    func show() {
        let appends = recorder.appends
        print(
            "appends \(appends.all), acknowledged \(appends.acknowledged), never \(appends.never), "
                + "unknown \(appends.unknown), leaders \(watch.leaders), "
                + "connections \(links.connections)"
        )
        print("did " + Self.text(recorder.counts))
        let frames = Dictionary(uniqueKeysWithValues: links.counts.map { ($0.name, $1) })
        print("did to frames and connections " + Self.text(frames))
        for report in recorder.reports.prefix(20) { print("WRONG: \(report)") }
        guard let check else { return print("the logs could not be compared") }
        for violation in check.violations.prefix(20) { print("WRONG: \(violation)") }
        let wrong = check.violations.count + recorder.reports.count
        print("checks \(check.checks), wrong \(wrong)")
    }

    private static func text(_ counts: [String: Int]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}

/// One line on a terminal that says what goes on; nothing where standard error is no terminal.
struct Progress {
    let milliseconds: Int
    private let isShown = isatty(STDERR_FILENO) == 1
    private var last = -1

    init(milliseconds: Int) {
        self.milliseconds = milliseconds
    }

    mutating func show(_ now: Int, _ recorder: Recorder, _ watch: LeaderWatch) {
        guard isShown, now / 500 != last else { return }
        last = now / 500
        let appends = recorder.appends
        write(
            "\r\u{1B}[K\(now / 1_000) of \(milliseconds / 1_000) s, \(appends.acknowledged) acknowledged, "
                + "\(watch.leaders) leaders"
        )
    }

    func clear() {
        if isShown { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
