import Foundation
import NodeProcesses
import Platform

/// One member of the cluster: its directory and, while it runs, its process.
final class Member: Sendable {
    enum State: Sendable, Equatable {
        case down
        case running
        case paused
    }

    private struct Life {
        var state = State.down
        var process: NodeProcess?
        var generation = 0
    }

    let number: Int
    let directory: String
    let subscriber: Subscriber
    private let arguments: [String]
    private let errors: String
    private let recorder: Recorder
    private let life = Locked(Life())

    init(_ seat: Seat, errors: String, _ recorder: Recorder) {
        number = seat.number
        directory = seat.directory
        arguments = seat.arguments
        self.errors = errors
        self.recorder = recorder
        subscriber = Subscriber("subscriber of n\(number)", recorder)
    }

    var state: State { life.withLock { $0.state } }
    /// `nil` while it is down.
    var process: NodeProcess? { life.withLock { $0.process } }

    // MARK: - Life, by the driver's thread alone

    /// Starts it, with these variables in its environment, and resumes its subscription.
    func start(_ environment: [String: String] = [:]) {
        let subscriber = subscriber
        do {
            let process = try NodeProcess(
                arguments,
                environment: environment,
                errors: errors
            ) { subscriber.take($0) }
            process.subscribe(from: subscriber.through + 1)
            life.withLock { life in
                life.state = .running
                life.process = process
            }
        } catch {
            recorder.report("n\(number) could not be started: \(error)")
        }
    }

    private func forget() {
        life.withLock { life in
            life.state = .down
            life.process = nil
        }
    }

    private func end(_ process: NodeProcess) {
        for line in process.strange { recorder.report("n\(number) said: \(line.prefix(200))") }
        forget()
    }

    /// SIGKILL.
    func kill() {
        guard let process else { return }
        process.signal(SIGKILL)
        guard process.ending(within: .seconds(20)) != nil else {
            return recorder.report("n\(number) outlives SIGKILL")
        }
        end(process)
    }

    /// SIGTERM: it must end in order within five seconds.
    func terminate() {
        guard let process else { return }
        process.signal(SIGTERM)
        switch process.ending(within: .seconds(5)) {
        case 0?: end(process)
        case let status?:
            recorder.report("n\(number) ended with status \(status) on SIGTERM: \(lastWords)")
            end(process)
        case nil:
            recorder.report("n\(number) goes on for 5 s after SIGTERM")
            kill()
        }
    }

    func pause() {
        if let process, !process.stop() { recorder.report("n\(number) outlives SIGSTOP") }
        life.withLock { $0.state = .paused }
    }

    func resume() {
        process?.signal(SIGCONT)
        life.withLock { if $0.state == .paused { $0.state = .running } }
    }

    /// The status it ended with although nobody told it to; it is down from then on.
    func unexpectedEnding() -> Int32? {
        guard let process, let status = process.ending else { return nil }
        end(process)
        return status
    }

    /// The last line of what it said to standard error.
    var lastWords: String {
        let text = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").last.map(String.init) ?? "it said nothing"
    }
}
