import Foundation
import Platform
import Testing

/// A running `rlog node`, spoken to over its pipes.
final class NodeClient: Sendable {
    private struct State {
        /// The lines, by the ids they carry.
        var answers: [String: Data] = [:]
        /// Slots of events, by subscription.
        var slots: [String: [Int]] = [:]
        var errors: [String] = []
        var isReady = false
        var isOver = false
    }

    private let process: Process
    private let input: FileHandle
    private let state = Locked<State>(State())
    private let sequence = Locked(0)

    init(_ arguments: [String]) throws {
        let process = Process()
        let input = Pipe()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: Rlog.path)
        process.arguments = ["node"] + arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        self.input = input.fileHandleForWriting
        // Writing to a node that was killed must not kill the test.
        signal(SIGPIPE, SIG_IGN)
        let reader = output.fileHandleForReading
        _ = try PinnedThread(name: "client") { [self] in
            var rest: [UInt8] = []
            while true {
                let piece = reader.availableData
                if piece.isEmpty { break }
                rest += piece
                var lines = rest.split(separator: 10, omittingEmptySubsequences: false)
                rest = Array(lines.removeLast())
                for line in lines { take(Data(line)) }
            }
            state.withLock { $0.isOver = true }
        }
    }

    private func take(_ line: Data) {
        guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any] else {
            return state.withLock { $0.errors.append("no object: \(line.count) bytes") }
        }
        let event = object["event"] as? String
        let id = object["id"] as? String
        let slot = object["slot"] as? Int
        let error = object["error"] as? String
        state.withLock { state in
            if event == "ready" {
                state.isReady = true
            } else if event == "entry", let id, let slot {
                state.slots[id, default: []].append(slot)
            } else if let id {
                state.answers[id] = line
            } else {
                state.errors.append(error ?? "neither id nor error")
            }
        }
    }

    var isReady: Bool { state.withLock { $0.isReady } }
    var errors: [String] { state.withLock { $0.errors } }
    var pid: Int32 { process.processIdentifier }

    func slots(of subscription: String) -> [Int] {
        state.withLock { $0.slots[subscription] ?? [] }
    }

    func send(line: String) {
        try? input.write(contentsOf: Data((line + "\n").utf8))
    }

    /// Sends a request with an id of its own.
    func send(_ operation: String, _ more: String = "") -> String {
        let id = sequence.withLock { sequence in
            sequence += 1
            return "r\(sequence)"
        }
        send(line: #"{"op":"\#(operation)","id":"\#(id)"\#(more)}"#)
        return id
    }

    func answer(to id: String) -> [String: Any]? {
        guard let line = state.withLock({ $0.answers[id] }) else { return nil }
        return try? JSONSerialization.jsonObject(with: line) as? [String: Any]
    }

    /// What a request comes to; `nil` if nothing came, for so many seconds or before the process ended.
    func ask(_ operation: String, _ more: String = "", seconds: Double = 15) -> [String: Any]? {
        let id = send(operation, more)
        _ = waitUntil(seconds) { self.answer(to: id) != nil || self.state.withLock { $0.isOver } }
        return answer(to: id)
    }

    func endInput() { try? input.close() }
    func interrupt(_ number: Int32) { kill(process.processIdentifier, number) }

    /// The exit status, or `nil` if it goes on for longer than so many seconds.
    func exit(within seconds: Double) -> Int32? {
        let process = process
        guard waitUntil(seconds, { !process.isRunning }) else { return nil }
        return process.terminationStatus
    }
}

/// Looks every millisecond, on this thread.
func waitUntil(_ seconds: Double, _ condition: () -> Bool) -> Bool {
    let end = MonotonicClock.now().advanced(by: .milliseconds(Int64(seconds * 1_000)))
    let parker = Parker()
    while MonotonicClock.now() < end {
        if condition() { return true }
        _ = parker.park(timeout: .milliseconds(1))
    }
    return condition()
}

/// Runs blocking tests off the cooperative pool.
func blocking(_ body: @escaping @Sendable () throws -> Void) async throws {
    let outcome = Locked<Result<Void, any Error>>(.success(()))
    let thread = try PinnedThread(name: "test") {
        let result = Result { try body() }
        outcome.withLock { $0 = result }
    }
    await thread.ended()
    try outcome.withLock { $0 }.get()
}
