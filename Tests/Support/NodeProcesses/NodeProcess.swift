import Foundation
import Platform

/// A running `rlog node`, spoken to over its pipes.
package final class NodeProcess: Sendable {
    private struct State {
        /// Who waits for the answer to which request; told `nil` if the process ends first.
        var waiting: [String: @Sendable (Reply?) -> Void] = [:]
        var isReady = false
        var isOver = false
        var next = 0
        /// Lines that are no answer, or answers nobody asked for.
        var strange: [String] = []
    }

    package static let subscription = "s"

    private let process: Process
    /// Locked while a line is written: a long one goes into the pipe in pieces.
    private let input: Locked<FileHandle>
    private let state = Locked(State())

    /// - Parameters:
    ///   - arguments: Of `rlog node`.
    ///   - descriptors: How many it may have open.
    ///   - fileBlocks: How long a file it writes may become, in the shell's blocks (`ulimit -f`).
    ///   - errors: The file that what it says to standard error is added to; without one it is lost.
    ///   - onEvent: Is given every event of its subscription, on one thread.
    package init(
        _ arguments: [String],
        environment: [String: String] = [:],
        descriptors: Int? = nil,
        fileBlocks: Int? = nil,
        errors: String? = nil,
        onEvent: @escaping @Sendable (Reply) -> Void = { _ in }
    ) throws {
        // Writing to a node that was killed must not kill this process.
        Foundation.signal(SIGPIPE, SIG_IGN)
        let process = Process()
        let input = Pipe()
        let output = Pipe()
        let limits = [
            descriptors.map { "ulimit -n \($0)" }, fileBlocks.map { "ulimit -f \($0)" },
        ].compactMap { $0 }
        if !limits.isEmpty {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            let script = (limits + [#"exec "$0" "$@""#]).joined(separator: " && ")
            process.arguments = ["-c", script, Rlog.path, "node"] + arguments
        } else {
            process.executableURL = URL(fileURLWithPath: Rlog.path)
            process.arguments = ["node"] + arguments
        }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = input
        process.standardOutput = output
        let complaints = try errors.map(Self.endOfFile) ?? .nullDevice
        process.standardError = complaints
        try process.run()
        if errors != nil { try complaints.close() }
        self.process = process
        self.input = Locked(input.fileHandleForWriting)
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

    private static func endOfFile(_ path: String) throws -> FileHandle {
        let file = URL(fileURLWithPath: path)
        if !FileManager.default.fileExists(atPath: path) { try Data().write(to: file) }
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        return handle
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
    package func send(
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
        send(line: #"{"op":"\#(operation)","id":"\#(id)"\#(more)}"#)
    }

    /// Sends a request whose answer somebody looks for later.
    package func send(_ operation: String, _ more: String = "") -> PendingReply {
        let pending = PendingReply()
        send(operation, more) { pending.end($0) }
        return pending
    }

    /// An operation whose answers are events.
    package func subscribe(from slot: UInt64) {
        send(line: #"{"op":"subscribe","id":"\#(Self.subscription)","from":\#(slot)}"#)
    }

    /// Waits for the answer, for so long at most.
    package func ask(
        _ operation: String,
        _ more: String = "",
        atMost limit: Duration = .seconds(60)
    ) -> Reply? {
        send(operation, more).wait(atMost: limit)
    }

    /// A line as it is, a request or not.
    package func send(line: String) {
        // A process that has just ended answers nothing, and that is told where its output ends.
        let bytes = Data((line + "\n").utf8)
        input.withLock { try? $0.write(contentsOf: bytes) }
    }

    package func endInput() { input.withLock { try? $0.close() } }

    // MARK: - Life

    package var isReady: Bool { state.withLock { $0.isReady } }
    package var strange: [String] { state.withLock { $0.strange } }
    package var pid: Int32 { process.processIdentifier }

    package func signal(_ number: Int32) { kill(pid, number) }

    /// SIGSTOP, and waits until each of its threads has stopped: the signal alone only asks them to.
    ///
    /// - Returns: False if one of them still runs after a minute.
    package func stop() -> Bool {
        signal(SIGSTOP)
        return waitUntil(.seconds(60)) { isStopped }
    }

    /// The field behind the name, in parentheses, of each thread's `stat` is its state: `T` is stopped.
    private var isStopped: Bool {
        let tasks = "/proc/\(pid)/task"
        guard let threads = try? FileManager.default.contentsOfDirectory(atPath: tasks) else {
            return false
        }
        return threads.allSatisfy { thread in
            let stat = try? String(contentsOfFile: "\(tasks)/\(thread)/stat", encoding: .utf8)
            guard let stat, let name = stat.lastIndex(of: ")") else { return false }
            return stat[name...].dropFirst(2).first == "T"
        }
    }

    /// Resident memory that is no file's, in bytes; asked of the system, so of a stopped process too.
    package var anonymousResidentBytes: UInt64? {
        let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        return status.flatMap { ProcessUsage.anonymousResident(inStatus: $0) }
    }

    /// What the process has open, as the system tells; `nil` if it does not.
    package var descriptors: [(number: Int32, target: String, isInherited: Bool)]? {
        let process = "/proc/\(pid)"
        let names = try? FileManager.default.contentsOfDirectory(atPath: "\(process)/fd")
        return names?.compactMap { name in
            let target = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "\(process)/fd/\(name)"
            )
            let info = try? String(contentsOfFile: "\(process)/fdinfo/\(name)", encoding: .utf8)
            let flags = info?.split(separator: "\n").first { $0.hasPrefix("flags:") }?
                .split(whereSeparator: \.isWhitespace).last.flatMap { Int32($0, radix: 8) }
            guard let number = Int32(name), let target, let flags else { return nil }
            return (number, target, flags & O_CLOEXEC == 0)
        }
    }

    /// What a program would be left with that the process became or started, its three standard ones
    /// aside, and the local socket by which its parent hears of its end: the node makes none.
    package var inherited: [String]? {
        let table = try? String(contentsOfFile: "/proc/\(pid)/net/unix", encoding: .utf8)
        let local = Set((table ?? "").split(whereSeparator: \.isWhitespace))
        return descriptors?.filter { $0.number > 2 && $0.isInherited }.map(\.target).filter {
            !local.contains($0.dropFirst("socket:[".count).dropLast())
        }
    }

    /// The exit status, or minus the signal; `nil` while it runs.
    package var ending: Int32? {
        guard !process.isRunning, state.withLock({ $0.isOver }) else { return nil }
        let status = process.terminationStatus
        return process.terminationReason == .exit ? status : -status
    }

    /// Waits until it has ended and everything it said was read, for so long at most.
    package func ending(within limit: Duration) -> Int32? {
        _ = waitUntil(limit) { !process.isRunning && state.withLock { $0.isOver } }
        return ending
    }
}

/// Looks every two milliseconds, on this thread.
package func waitUntil(_ limit: Duration, _ condition: () -> Bool) -> Bool {
    let end = MonotonicClock.now().advanced(by: limit)
    let parker = Parker()
    while MonotonicClock.now() < end {
        if condition() { return true }
        parker.park(timeout: .milliseconds(2))
    }
    return condition()
}
