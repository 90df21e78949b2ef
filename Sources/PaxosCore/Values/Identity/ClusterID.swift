/// The name of a cluster: 1 to 63 characters of `a-z A-Z 0-9 - _ .`.
///
/// It is stored in every data directory and bound into the checksum of every row, so that a
/// directory or a message of another cluster is recognised before anything else is looked at (`R65`).
public struct ClusterID: Hashable, Sendable {
    /// The name as given.
    public let name: String

    /// Makes a cluster id.
    ///
    /// - Throws: `InvalidClusterID` if the name is empty, longer than 63 bytes or holds a character
    ///   outside `a-z A-Z 0-9 - _ .`.
    public init(_ name: String) throws(InvalidClusterID) {
        let bytes = name.utf8
        guard (1...63).contains(bytes.count), bytes.allSatisfy(Self.isAllowed) else {
            throw InvalidClusterID(name: name)
        }
        self.name = name
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."):
            true
        default:
            false
        }
    }
}

extension ClusterID: Codable {
    /// Reads a name.
    ///
    /// - Throws: `DecodingError` if it cannot be a cluster id.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            try self.init(try container.decode(String.self))
        } catch let error as InvalidClusterID {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: error.description
            )
        }
    }

    /// Writes the name.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}

extension ClusterID: CustomStringConvertible {
    /// The text for people.
    public var description: String { name }
}

/// A name that cannot be a cluster id.
public struct InvalidClusterID: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name that was refused.
    public let name: String

    /// The text for people.
    public var description: String {
        "cluster name \"\(name)\" must be 1 to 63 characters of a-z A-Z 0-9 - _ ."
    }
}
