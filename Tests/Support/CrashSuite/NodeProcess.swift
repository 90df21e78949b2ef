import Foundation
import Platform

/// A running `rlog node`, spoken to over its pipes.
final class NodeProcess: Sendable {
    private struct State {
        /// Who waits for the answer to which request; told `nil` if the process ends first.
        var waiting: [String: @Sendable (Reply?) -> Void] = [:]
        var isReady = false
        var isOver = false
        var next = 0
        /// Lines that are no answer, or answers nobody asked for.
        var strange: [String] = []
    }

    private static let subscription = "s"

    private let process: Process
    private let input: FileHandle
    private let state = Locked(State())

    /// - Parameters:
    ///   - errors: The file that what it says to standard error is added to.
    ///   - onEvent: Is given every event of its subscription, on one thread.
    init(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String],
        errors: String,
        onEvent: @escaping @Sendable (Reply) -> Void
    ) throws {
        let process = Process()
        let input = Pipe()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = input
        process.standardOutput = output
        if !FileManager.default.fileExists(atPath: errors) {
            try Data().write(to: URL(fileURLWithPath: errors))
        }
        let complaints = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
        try complaints.seekToEnd()
        process.standardError = complaints
        try process.run()
        try complaints.close()
        self.process = process
        self.input = input.fileHandleForWriting
        let reader = output.fileHandleForReading
        _ = try PinnedThread(name: "node-output", stackBytes: 1 << 19) { [self] in
            Self.read(reader) { take($0, onEvent) }
            let abandoned = state.withLock { state in
                state.isOver = true
                defer { state.waiting = [:] }
                return Array(state.waiting.values)
            }
            for tell in abandoned { tell(nil) }
        }
    }

    private static func read(_ reader: FileHandle, _ take: (Data) -> Void) {
        var rest = Data()
        while true {
            let piece = reader.availableData
            if piece.isEmpty { return }
            rest += piece
            var lines = rest.split(separator: 10, omittingEmptySubsequences: false)
            rest = Data(lines.removeLast())
            for line in lines { take(Data(line)) }
        }
    }

    private func take(_ line: Data, _ onEvent: @Sendable (Reply) -> Void) {
        guard let reply = Reply.parse(line) else {
            return state.withLock { $0.strange.append(String(decoding: line, as: UTF8.self)) }
        }
        if reply.event == "ready" { return state.withLock { $0.isReady = true } }
        if reply.id?.text == Self.subscription { return onEvent(reply) }
        let tell = state.withLock { $0.waiting.removeValue(forKey: reply.id?.text ?? "") }
        if let tell { return tell(reply) }
        state.withLock { $0.strange.append(String(decoding: line, as: UTF8.self)) }
    }

    // MARK: - Requests

    /// Sends a request, and calls back once, on another thread: with its answer, or with `nil` if the
    /// process ended without one.
    func send(
        _ operation: String,
        _ more: String = "",
        then tell: @escaping @Sendable (Reply?) -> Void
    ) {
        let id: String? = state.withLock { state in
            guard !state.isOver else { return nil }
            state.next += 1
            let id = "r\(state.next)"
            state.waiting[id] = tell
            return id
        }
        guard let id else { return tell(nil) }
        write(#"{"op":"\#(operation)","id":"\#(id)"\#(more)}"#)
    }

    /// An operation whose answers are events.
    func subscribe(from slot: UInt64) {
        write(#"{"op":"subscribe","id":"\#(Self.subscription)","from":\#(slot)}"#)
    }

    /// Waits for the answer, for so long at most.
    func ask(_ operation: String, _ more: String = "", atMost limit: Duration) -> Reply? {
        let parker = Parker()
        let answer = Locked<Reply?>(nil)
        send(operation, more) { reply in
            answer.withLock { $0 = reply }
            parker.unpark()
        }
        parker.park(timeout: limit)
        return answer.withLock { $0 }
    }

    private func write(_ line: String) {
        // A process that has just ended answers nothing, and that is told where its output ends.
        try? input.write(contentsOf: Data((line + "\n").utf8))
    }

    // MARK: - Life

    var isReady: Bool { state.withLock { $0.isReady } }
    var strange: [String] { state.withLock { $0.strange } }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// The exit status, or minus the signal; `nil` while it runs.
    var ending: Int32? {
        guard !process.isRunning, state.withLock({ $0.isOver }) else { return nil }
        let status = process.terminationStatus
        return process.terminationReason == .exit ? status : -status
    }

    /// Waits until it has ended and everything it said was read, for so long at most.
    func ending(within limit: Duration) -> Int32? {
        _ = waitUntil(limit) { !process.isRunning && state.withLock { $0.isOver } }
        return ending
    }
}

/// Looks every two milliseconds, on this thread.
func waitUntil(_ limit: Duration, _ condition: () -> Bool) -> Bool {
    let end = MonotonicClock.now().advanced(by: limit)
    let parker = Parker()
    while MonotonicClock.now() < end {
        if condition() { return true }
        parker.park(timeout: .milliseconds(2))
    }
    return condition()
}
