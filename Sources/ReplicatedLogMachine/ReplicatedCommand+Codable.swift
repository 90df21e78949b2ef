#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension ReplicatedCommand where Self: Codable {
    /// The command as JSON.
    public func encoded() throws -> [UInt8] { Array(try JSONEncoder().encode(self)) }

    /// Reads JSON.
    public init(decoding bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(bytes))
    }
}
