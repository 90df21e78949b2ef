import LogCommands
import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Reads standard input line by line on a thread of its own, no faster than requests are answered: what
/// those without an answer hold is bounded in number and in bytes.
final class RequestLines: Sendable {
    private struct State {
        var pending = 0
        var bytes = 0
    }

    /// Requests that may wait for their answers at a time; beyond it nothing more is read.
    private static let maxPending = 8_192

    private let maxLineBytes: Int
    /// The most bytes of lines whose requests have no answer; one line may be longer.
    private let maxBytes: Int
    private let state = Locked(State())
    private let parker = Parker()

    init(maxLineBytes: Int, maxBytes: Int) {
        self.maxLineBytes = maxLineBytes
        self.maxBytes = maxBytes
    }

    /// Calls `take` with each line, `nil` for one that is too long, and `end` at the end of the input.
    func begin(
        _ take: @escaping @Sendable ([UInt8]?) -> Void,
        end: @escaping @Sendable () -> Void
    ) throws(PosixError) {
        _ = try PinnedThread(name: "rlog-input") { [self] in
            var line: [UInt8] = []
            var isTooLong = false
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = read(STDIN_FILENO, &piece, piece.count)
                if count < 0, errno == EINTR { continue }
                if count < 0, errno == EAGAIN {
                    Self.waitForInput()
                    continue
                }
                guard count > 0 else { break }
                for part in piece[..<count].split(
                    separator: UInt8(ascii: "\n"),
                    maxSplits: .max,
                    omittingEmptySubsequences: false
                ).enumerated() {
                    if part.offset > 0 {
                        give(isTooLong ? nil : line, to: take)
                        line = []
                        isTooLong = false
                    }
                    if line.count + part.element.count > maxLineBytes {
                        isTooLong = true
                        line = []
                    }
                    if !isTooLong { line += part.element }
                }
            }
            if isTooLong || !line.isEmpty { give(isTooLong ? nil : line, to: take) }
            end()
        }
    }

    /// Somebody has set the descriptor not to block, perhaps another process that shares it: no end of the
    /// input.
    private static func waitForInput() {
        var wanted = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        _ = poll(&wanted, 1, -1)
    }

    private func give(_ line: [UInt8]?, to take: @Sendable ([UInt8]?) -> Void) {
        if let line, line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { return }
        let bytes = line?.count ?? 0
        while !hasRoom(for: bytes) { parker.park() }
        state.withLock { state in
            state.pending += 1
            state.bytes += bytes
        }
        take(line)
    }

    private func hasRoom(for bytes: Int) -> Bool {
        state.withLock { state in
            state.pending == 0
                || state.pending < Self.maxPending && state.bytes + bytes <= maxBytes
        }
    }

    /// A line of so many bytes has its answer.
    func answered(_ bytes: Int) {
        state.withLock { state in
            state.pending -= 1
            state.bytes -= bytes
        }
        parker.unpark()
    }

    var pending: Int { state.withLock { $0.pending } }
}
