package import Logging
internal import Platform

/// Lines on their way to the logger, written by a thread of its own: whoever adds one never waits for a sink
/// that blocks, such as a pipe that nobody reads, and consensus least of all.
///
/// The queue is bounded in lines, of errors a few more. What comes to a full one is dropped and counted, and the
/// line that finds room next tells how many there were before it. The thread is there from the first line to the
/// end, and stays beyond it only while a sink blocks.
package final class LogQueue: Sendable {
    private struct Line {
        let level: Logger.Level
        let message: Logger.Message
        var metadata: Logger.Metadata
    }

    private struct Waiter {
        let continuation: UnsafeContinuation<Void, Never>
        let alarm: Parker

        func resume() {
            continuation.resume()
            alarm.unpark()
        }
    }

    private struct State {
        var lines = Ring<Line>()
        /// A line is with the sink.
        var isWriting = false
        var hasThread = false
        var isEnded = false
        var dropped: UInt64 = 0
        /// How many of those a line tells of.
        var told: UInt64 = 0
        /// Whoever waits for the last line, with what tells the alarm that it is not needed.
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiter: UInt64 = 0

        var isDrained: Bool { lines.isEmpty && !isWriting }

        mutating func take() -> Line? {
            guard let line = lines.popFirst() else { return nil }
            isWriting = true
            return line
        }

        mutating func takeWaiters() -> [Waiter] {
            guard isDrained else { return [] }
            defer { waiters = [:] }
            return Array(waiters.values)
        }
    }

    /// How many lines wait for the sink at most.
    static let maxLines = 256
    /// How many errors may wait beside them: what somebody has to look at is not lost behind what nobody has.
    static let moreErrors = 16

    private let logger: Logger
    /// What every line has in its metadata.
    private let common: Logger.Metadata
    private let state = Locked(State())
    private let parker = Parker()

    package init(_ logger: Logger, common: Logger.Metadata = [:]) {
        self.logger = logger
        self.common = Self.named(common)
    }

    /// What the keys of all metadata begin with, so that they are told from those of others.
    static let prefix = "rlog_"

    /// Nothing is written anywhere: not worth a line.
    var isSilent: Bool { logger.handler is SwiftLogNoOpLogHandler }

    /// Lines that were dropped since the node was opened.
    var dropped: UInt64 { state.withLock { $0.dropped } }

    package func add(
        _ level: Logger.Level,
        _ message: Logger.Message,
        _ metadata: Logger.Metadata
    ) {
        guard level >= logger.logLevel else { return }
        let metadata = common.merging(Self.named(metadata)) { $1 }
        let room = Self.maxLines + (level >= .error ? Self.moreErrors : 0)
        let needsThread = state.withLock { state -> Bool in
            guard !state.isEnded, state.lines.count < room else {
                state.dropped += 1
                return false
            }
            var line = Line(level: level, message: message, metadata: metadata)
            if state.dropped > state.told {
                line.metadata[Self.prefix + "dropped_lines"] = "\(state.dropped - state.told)"
                state.told = state.dropped
            }
            state.lines.append(line)
            defer { state.hasThread = true }
            return !state.hasThread
        }
        if needsThread { begin() } else { parker.unpark() }
    }

    private static func named(_ metadata: Logger.Metadata) -> Logger.Metadata {
        Logger.Metadata(uniqueKeysWithValues: metadata.map { (prefix + $0.key, $0.value) })
    }

    private func begin() {
        do {
            // Detached on release: it ends behind the last line.
            _ = try PinnedThread(name: "log-lines", stackBytes: 1 << 18) { [self] in run() }
        } catch {
            // No thread is to be had: what is here is lost, and the next line tries again.
            let waiters = state.withLock { state in
                state.dropped += UInt64(state.lines.count)
                state.lines = []
                state.hasThread = false
                return state.takeWaiters()
            }
            for waiter in waiters { waiter.resume() }
        }
    }

    private func run() {
        while true {
            let (line, isEnded) = state.withLock { ($0.take(), $0.isEnded) }
            if let line {
                logger.log(level: line.level, line.message, metadata: line.metadata)
                let waiters = state.withLock { state in
                    state.isWriting = false
                    return state.takeWaiters()
                }
                for waiter in waiters { waiter.resume() }
            } else if isEnded {
                return
            } else {
                parker.park()
            }
        }
    }

    /// Takes no more lines; the thread ends behind the last one.
    package func end() {
        state.withLock { $0.isEnded = true }
        parker.unpark()
    }

    /// Takes no more lines, and returns when the last one is written, or after so long if a sink blocks: then
    /// the thread stays until it does not.
    package func end(within limit: Duration) async {
        end()
        await withUnsafeContinuation { continuation in
            let waiter = Waiter(continuation: continuation, alarm: Parker())
            let name = state.withLock { state -> UInt64? in
                if state.isDrained { return nil }
                state.nextWaiter += 1
                state.waiters[state.nextWaiter] = waiter
                return state.nextWaiter
            }
            guard let name else { return continuation.resume() }
            let ring: @Sendable () -> Void = { [self] in
                _ = waiter.alarm.park(timeout: limit)
                state.withLock { $0.waiters.removeValue(forKey: name) }?.continuation.resume()
            }
            // Detached on release: it ends with the wait. Without a thread nobody waits.
            let alarm = try? PinnedThread(name: "log-alarm", stackBytes: 1 << 16, body: ring)
            if alarm == nil { waiter.alarm.unpark(); ring() }
        }
    }
}
