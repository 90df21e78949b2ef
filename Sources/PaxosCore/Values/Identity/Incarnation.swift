/// A random number made when a data directory is formatted.
///
/// Two directories of the same cluster and node differ in it, so a node that was wiped and formatted
/// again is not mistaken for the one its peers know (`R36`, `R75`).
public struct Incarnation: Hashable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 32 lower-case hexadecimal digits.
    public var description: String { hexadecimal(high) + hexadecimal(low) }
}

/// How often a data directory has been opened: committed to disk, in full sync, at every open.
public struct Boot: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The count, 1 after the first open.
    public let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The boot of a directory that was formatted and never opened.
    package static let never = Boot(0)

    package var next: Boot { Boot(rawValue + 1) }

    /// Orders boots by count.
    public static func < (left: Boot, right: Boot) -> Bool { left.rawValue < right.rawValue }

    /// The number in decimal.
    public var description: String { String(rawValue) }
}

extension Boot: Codable {
    /// Reads a number.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(UInt64.self))
    }

    /// Writes the number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

private func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
