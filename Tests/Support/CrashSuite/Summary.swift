import CrashHistory
import Foundation
import NodeProcesses

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
        say(
            "appends \(appends.all), acknowledged \(appends.acknowledged), never \(appends.never), "
                + "unknown \(appends.unknown), leaders \(watch.leaders), "
                + "connections \(links.connections)"
        )
        say("did " + Self.text(recorder.counts))
        let frames = Dictionary(uniqueKeysWithValues: links.counts.map { ($0.name, $1) })
        say("did to frames and connections " + Self.text(frames))
        for report in recorder.reports.prefix(20) { say("WRONG: \(report)") }
        guard let check else { return say("the logs could not be compared") }
        for violation in check.violations.prefix(20) { say("WRONG: \(violation)") }
        let wrong = check.violations.count + recorder.reports.count
        say("checks \(check.checks), wrong \(wrong)")
    }

    private static func text(_ counts: [String: Int]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}

/// Says what goes on: twice a second in one line on a terminal, and every five seconds in a line of its
/// own where standard error is none.
struct Progress {
    let milliseconds: Int
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var last = 0

    init(milliseconds: Int) {
        self.milliseconds = milliseconds
    }

    mutating func show(_ now: Int, _ recorder: Recorder, _ watch: LeaderWatch) {
        let turn = now / (isTerminal ? 500 : 5_000)
        guard turn != last else { return }
        last = turn
        let text =
            "\(now / 1_000) of \(milliseconds / 1_000) s, "
            + "\(recorder.appends.acknowledged) acknowledged, \(watch.leaders) leaders"
        if isTerminal { write("\r\u{1B}[K" + text) } else { say(text) }
    }

    func clear() {
        if isTerminal { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}

/// A line on standard output, whole and at once: whoever reads it through a pipe sees it when it is said.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}
