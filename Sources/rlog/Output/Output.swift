#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Writes to the process's outputs whole and at once, with nothing buffered: a line that a caller has
/// read was true when it left.
enum Output {
    /// One JSON object, one line.
    static func answer(_ object: JSON) {
        answer(object.text + "\n")
    }

    /// Text on standard output.
    static func answer(_ text: String) {
        write(text, to: STDOUT_FILENO)
    }

    /// One line on standard error.
    static func complain(_ message: String) {
        write("rlog: \(plain(message))\n", to: STDERR_FILENO)
    }

    /// One line without anything that a terminal would obey: names and paths come from anywhere. New lines
    /// are spaces, other control characters and marks of direction are written out.
    static func plain(_ message: String) -> String {
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
    static func remark(_ text: String) {
        write(text, to: STDERR_FILENO)
    }

    static let errorIsTerminal = isatty(STDERR_FILENO) == 1

    /// Text whole, in as few calls as the system allows: one, but for a signal or a full disk.
    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = systemWrite(descriptor, rest)
                if count < 0, errno == EINTR { continue }
                // Nobody reads: there is nobody to tell either.
                guard count > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
