import Platform

/// Lines on their way to standard output, written by a thread of its own: whole, one call each, in order.
///
/// Whoever writes waits until the line has left, so a reader that does not read holds up the requests and
/// subscriptions that have something to say, and nothing else.
final class Outlet: Sendable {
    private struct Line {
        let text: String
        let written: UnsafeContinuation<Void, Never>?
    }

    private struct State {
        var lines: [Line] = []
        var isBusy = false
    }

    private let state = Locked(State())
    private let parker = Parker()

    init() throws(PosixError) {
        _ = try PinnedThread(name: "rlog-output") { [self] in run() }
    }

    /// Returns once the line has left.
    func write(_ object: JSON) async {
        await withUnsafeContinuation { continuation in
            push(Line(text: object.text + "\n", written: continuation))
        }
    }

    /// Leaves the line to be written.
    func post(_ object: JSON) {
        push(Line(text: object.text + "\n", written: nil))
    }

    private func push(_ line: Line) {
        state.withLock { $0.lines.append(line) }
        parker.unpark()
    }

    private func run() {
        while true {
            let lines = state.withLock { state in
                defer { state.lines = [] }
                state.isBusy = !state.lines.isEmpty
                return state.lines
            }
            if lines.isEmpty { parker.park() }
            for line in lines {
                Output.answer(line.text)
                line.written?.resume()
            }
        }
    }

    /// Waits until everything has left, for so long at most: nobody may be reading. Blocks its thread.
    func drain(atMost limit: Duration) {
        let end = MonotonicClock.now().advanced(by: limit)
        let own = Parker()
        while MonotonicClock.now() < end {
            if state.withLock({ $0.lines.isEmpty && !$0.isBusy }) { return }
            _ = own.park(timeout: .milliseconds(1))
        }
    }
}
