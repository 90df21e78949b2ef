import Foundation
import Testing

/// Bytes as a text file that people can read and review, rewritten with `UPDATE_GOLDEN=1`.
enum Golden {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Golden")

    static var isUpdating: Bool { ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" }

    static var names: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(4)) }.sorted()
        }
    }

    /// What is written in the file, or `nil` if there is none.
    static func text(_ name: String) -> String? {
        try? String(contentsOf: folder.appending(path: name + ".txt"), encoding: .utf8)
    }

    static func update(_ name: String, _ text: String) throws {
        try text.write(
            to: folder.appending(path: name + ".txt"),
            atomically: true,
            encoding: .utf8
        )
    }

    /// A line that says what the bytes are, then sixteen bytes a line with their offset and text.
    static func render(_ bytes: [UInt8], title: String) -> String {
        var text = "# \(title): \(bytes.count) bytes\n"
        for start in stride(from: 0, to: bytes.count, by: 16) {
            let row = bytes[start..<min(start + 16, bytes.count)]
            let hex = row.map { digits($0, width: 2) }.joined(separator: " ")
            let shown = row.map { (0x20..<0x7F).contains($0) ? String(UnicodeScalar($0)) : "." }
            let padding = String(repeating: " ", count: 47 - hex.count)
            text += "\(digits(start, width: 4))  \(hex)\(padding)  |\(shown.joined())|\n"
        }
        return text
    }

    /// The bytes of a rendered file: what decoders must take for ever.
    static func parse(_ text: String) -> [UInt8] {
        text.split(separator: "\n").filter { !$0.hasPrefix("#") }.flatMap { line in
            line.dropFirst(6).prefix(47).split(separator: " ").compactMap { UInt8($0, radix: 16) }
        }
    }

    /// Compares with the file, or writes it.
    static func check(_ name: String, _ bytes: [UInt8], title: String) throws {
        let rendered = render(bytes, title: title)
        if isUpdating { try update(name, rendered) }
        #expect(text(name) == rendered, "the bytes of \(name) have changed")
    }

    private static func digits(_ number: some BinaryInteger, width: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
