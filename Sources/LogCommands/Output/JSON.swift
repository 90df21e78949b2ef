/// A JSON value, and the only writer of JSON here. Objects keep the order of their keys.
package enum JSON: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case unsigned(UInt64)
    case number(Double)
    case string(String)
    /// Bytes, written as a string in base 64.
    case bytes([UInt8])
    case array([JSON])
    case object([(String, JSON)])

    /// The value on one line, whatever the strings hold.
    package var text: String {
        var line: [UInt8] = []
        write(to: &line)
        return String(decoding: line, as: UTF8.self)
    }

    /// The value on a line of its own.
    package var line: [UInt8] {
        var line: [UInt8] = []
        write(to: &line)
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// Appends the value to a line: byte by byte, since some lines are hundreds of megabytes in all.
    package func write(to line: inout [UInt8]) {
        switch self {
        case .null: line.append(contentsOf: "null".utf8)
        case .bool(let value): line.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value):
            if value < 0 { line.append(UInt8(ascii: "-")) }
            line.append(decimal: UInt64(value.magnitude))
        case .unsigned(let value): line.append(decimal: value)
        case .number(let value):
            line.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
        case .string(let value): line.append(jsonString: value)
        case .bytes(let bytes):
            line.append(UInt8(ascii: "\""))
            Base64.append(bytes, to: &line)
            line.append(UInt8(ascii: "\""))
        case .array(let values):
            line.append(UInt8(ascii: "["))
            for (position, value) in values.enumerated() {
                if position > 0 { line.append(UInt8(ascii: ",")) }
                value.write(to: &line)
            }
            line.append(UInt8(ascii: "]"))
        case .object(let members):
            line.append(UInt8(ascii: "{"))
            for (position, member) in members.enumerated() {
                if position > 0 { line.append(UInt8(ascii: ",")) }
                line.append(jsonString: member.0)
                line.append(UInt8(ascii: ":"))
                member.1.write(to: &line)
            }
            line.append(UInt8(ascii: "}"))
        }
    }
}

extension [UInt8] {
    /// A number without a sign, in decimal.
    package mutating func append(decimal number: UInt64) {
        let start = count
        var rest = number
        repeat {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }

    /// A string in quotes, with what JSON or a terminal would take for something else written out.
    fileprivate mutating func append(jsonString string: String) {
        append(UInt8(ascii: "\""))
        var string = string
        string.withUTF8 { bytes in
            // Payloads are most of the output, and hold nothing to be written otherwise.
            if bytes.allSatisfy({ !Self.isWrittenOut($0) }) {
                append(contentsOf: bytes)
            } else {
                for byte in bytes { append(jsonByte: byte) }
            }
        }
        append(UInt8(ascii: "\""))
    }

    private static func isWrittenOut(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x22 || byte == 0x5C || byte == 0x7F
    }

    private mutating func append(jsonByte byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append(contentsOf: "\\\"".utf8)
        case UInt8(ascii: "\\"): append(contentsOf: "\\\\".utf8)
        case UInt8(ascii: "\n"): append(contentsOf: "\\n".utf8)
        case UInt8(ascii: "\r"): append(contentsOf: "\\r".utf8)
        case UInt8(ascii: "\t"): append(contentsOf: "\\t".utf8)
        case 0..<0x20, 0x7F:
            append(contentsOf: "\\u00".utf8)
            append(Base16.digits[Int(byte >> 4)])
            append(Base16.digits[Int(byte & 15)])
        default: append(byte)
        }
    }
}

extension JSON {
    /// The value, or null.
    package static func optional(_ value: Double?) -> JSON { value.map(JSON.number) ?? .null }
    package static func optional(_ value: UInt64?) -> JSON { value.map(JSON.unsigned) ?? .null }
    package static func optional(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }
    package static func optional(_ value: Bool?) -> JSON { value.map(JSON.bool) ?? .null }

    /// The value with so many decimal places at most.
    package static func rounded(_ value: Double?, _ places: Int) -> JSON {
        guard let value else { return .null }
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        return .number((value * scale).rounded() / scale)
    }
}
