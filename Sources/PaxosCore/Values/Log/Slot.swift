/// A position in the log, from 1.
public struct Slot: Hashable, Comparable, Sendable, RawRepresentable {
    /// The number: 0 for `zero`, else the position.
    public let rawValue: UInt64

    /// Makes a slot from its number. Slots of a log stay below 2^62 (`R10`).
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The place before the first slot: nothing committed, nothing trimmed.
    public static let zero = Slot(rawValue: 0)
    /// The first slot of every log.
    public static let first = Slot(rawValue: 1)
    /// No slot of a log reaches this one.
    package static let limit = Slot(rawValue: 1 << 62)

    /// The slot after this one.
    public var next: Slot { Slot(rawValue: rawValue + 1) }

    /// The slot before this one; `zero` has none and stays.
    public var previous: Slot { rawValue == 0 ? self : Slot(rawValue: rawValue - 1) }

    /// The slot `count` further on, which is not negative.
    public func advanced(by count: Int) -> Slot { Slot(rawValue: rawValue + UInt64(count)) }

    /// How many slots lie in `(start, self]`; zero if `self` is not beyond `start`.
    public func count(after start: Slot) -> Int {
        self > start ? Int(rawValue - start.rawValue) : 0
    }

    /// Orders slots by position.
    public static func < (left: Slot, right: Slot) -> Bool { left.rawValue < right.rawValue }
}

extension Slot: Codable {}

extension Slot: ExpressibleByIntegerLiteral {
    /// Makes a slot from a literal.
    public init(integerLiteral value: UInt64) {
        rawValue = value
    }
}

extension Slot: LosslessStringConvertible {
    /// The number in decimal.
    public var description: String { String(rawValue) }

    /// Reads a number in decimal; `nil` if the text is none.
    public init?(_ description: String) {
        guard let rawValue = UInt64(description) else { return nil }
        self.init(rawValue: rawValue)
    }
}

/// As the key of a dictionary it is encoded as its number, so that `Codable` makes a keyed container of that, whose keys
/// can be sorted.
extension Slot: CodingKeyRepresentable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { Int(stringValue) }

        init(stringValue: String) { self.stringValue = stringValue }
        init(intValue: Int) { stringValue = String(intValue) }
    }

    /// The number.
    public var codingKey: any CodingKey { Key(stringValue: description) }

    /// Reads the number; `nil` if the key is none.
    public init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }
}
