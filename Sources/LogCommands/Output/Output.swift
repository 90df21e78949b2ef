package import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Writes to the process's outputs whole and at once, with nothing buffered: a line that a caller has
/// read was true when it left.
package enum Output {
    /// One JSON object, one line.
    package static func answer(_ object: JSON) {
        answer(object.line)
    }

    /// Text on standard output. If nobody reads it any more, this is the end of the process: in order, said
    /// on standard error, with a status of its own.
    package static func answer(_ text: String) { answer(Array(text.utf8)) }

    package static func answer(_ lines: [UInt8]) {
        guard !write(lines, to: STDOUT_FILENO) else { return }
        let cleanUp = beforeEnd.withLock { $0.take() }
        cleanUp?()
        complain(unread)
        exit(ExitStatus.unread.rawValue)
    }

    package static let standard = STDOUT_FILENO

    /// What is wrong, for people.
    package static let unread = "nobody reads standard output any more: ended in order"

    /// What to do before such an end.
    package static let beforeEnd = Locked<(@Sendable () -> Void)?>(nil)

    /// A write to a reader that is gone is told, and ends no process.
    package static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

    /// One line on standard error; lost if nobody takes it for a quarter of a second, since what it tells of must
    /// come to its end.
    package static func complain(_ message: String) {
        var wanted = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&wanted, 1, 250) != 0 else { return }
        write("rlog: \(plain(message))\n", to: STDERR_FILENO)
    }

    /// One line without anything that a terminal would obey: names and paths come from anywhere. New lines
    /// are spaces, other control characters and marks of direction are written out.
    package static func plain(_ message: String) -> String {
        var line = ""
        let words = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        for scalar in words.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                line += "\\u{\(String(scalar.value, radix: 16))}"
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }

    /// Text on standard error that is no error: progress.
    package static func remark(_ text: String) {
        write(text, to: STDERR_FILENO)
    }

    package static let errorIsTerminal = isatty(STDERR_FILENO) == 1

    /// Text whole, in as few calls as the system allows: one, but for a signal or a full disk.
    ///
    /// - Returns: False if it could not be written.
    @discardableResult
    package static func write(_ text: String, to descriptor: Int32) -> Bool {
        write(Array(text.utf8), to: descriptor)
    }

    @discardableResult
    package static func write(_ lines: [UInt8], to descriptor: Int32) -> Bool {
        lines.withUnsafeBytes { bytes in
            var rest = bytes
            while !rest.isEmpty {
                let count = systemWrite(descriptor, rest)
                if count < 0, errno == EINTR { continue }
                if count < 0, errno == EAGAIN {
                    waitForRoom(descriptor)
                    continue
                }
                guard count > 0 else { return false }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
            return true
        }
    }

    /// Somebody has set the descriptor not to block.
    private static func waitForRoom(_ descriptor: Int32) {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&wanted, 1, -1)
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
