import LogCommands
import Platform
import ReplicatedLog

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Every message that a node sends or receives, one JSON object a line, in the order of this process. For
/// looking into a run: it writes on the threads that send and receive, and slows them down.
final class MessageTrace: Sendable {
    private let descriptor: Int32
    private let begin = MonotonicClock.now()
    private let turn = Locked(())

    init(path: String) throws(PosixError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw PosixError(code: errno, operation: "open", path: path)
        }
    }

    deinit { close(descriptor) }

    func record(_ envelopes: [Envelope], direction: String) {
        turn.withLock { _ in
            let microseconds = begin.duration(to: MonotonicClock.now()) / .microseconds(1)
            var text = ""
            for envelope in envelopes {
                let head: [(String, JSON)] = [
                    ("us", .integer(Int(microseconds))), ("direction", .string(direction)),
                ]
                text += JSON.object(head + envelope.fields).text + "\n"
            }
            Output.write(text, to: descriptor)
        }
    }
}
