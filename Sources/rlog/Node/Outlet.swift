import LogCommands
import Platform

/// Lines on their way to standard output, written by a thread of its own: whole, one call each.
///
/// Whoever writes waits until the line has left, so a reader that does not read holds up the requests and
/// subscriptions that have something to say, and nothing else. A short line overtakes pages that wait, but
/// not for ever: after each turn of short ones a page goes. Pages are put into text on that thread, when
/// it is their turn.
final class Outlet: Sendable {
    private struct Line {
        let bytes: @Sendable () -> [UInt8]
        let written: UnsafeContinuation<Void, Never>
    }

    private struct State {
        var short: [Line] = []
        var pages = [Line]()
        var isBusy = false
        /// Nobody reads: nothing is written any more, and nobody waits.
        var isBroken = false

        /// What goes next: every short line, and one page.
        mutating func turn() -> [Line] {
            defer { short = [] }
            let page = pages.isEmpty ? nil : pages.removeFirst()
            isBusy = !short.isEmpty || page != nil
            return short + (page.map { [$0] } ?? [])
        }
    }

    private let state = Locked(State())
    private let parker = Parker()
    private let onBreak: @Sendable () -> Void

    /// - Parameter onBreak: Called once, when it turns out that nobody reads.
    init(onBreak: @escaping @Sendable () -> Void) throws(PosixError) {
        self.onBreak = onBreak
        _ = try PinnedThread(name: "rlog-output") { [self] in run() }
    }

    /// Returns once the line has left, or nobody reads any more.
    func write(_ object: JSON) async {
        let bytes = object.line
        await withUnsafeContinuation { continuation in
            state.withLock { $0.short.append(Line(bytes: { bytes }, written: continuation)) }
            parker.unpark()
        }
    }

    /// As `write(_:)`, for what is large: it is put into text when it is its turn.
    func writePage(_ object: @escaping @Sendable () -> JSON) async {
        await withUnsafeContinuation { continuation in
            let line = Line(bytes: { object().line }, written: continuation)
            state.withLock { $0.pages.append(line) }
            parker.unpark()
        }
    }

    var isBroken: Bool { state.withLock { $0.isBroken } }

    private func run() {
        while true {
            let (lines, wasBroken) = state.withLock { ($0.turn(), $0.isBroken) }
            if lines.isEmpty { parker.park() }
            var isBroken = wasBroken
            for line in lines {
                if !isBroken, !Output.write(line.bytes(), to: Output.standard) {
                    isBroken = true
                    state.withLock { $0.isBroken = true }
                    onBreak()
                }
                line.written.resume()
            }
        }
    }

    /// Waits until everything has left, until then at most: nobody may be reading. Blocks its thread.
    func drain(until end: MonotonicInstant) {
        let own = Parker()
        while MonotonicClock.now() < end {
            if state.withLock({ $0.short.isEmpty && $0.pages.isEmpty && !$0.isBusy }) { return }
            _ = own.park(timeout: .milliseconds(1))
        }
    }
}
