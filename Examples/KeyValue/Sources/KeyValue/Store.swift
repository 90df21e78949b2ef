import Foundation
import ReplicatedLog
import ReplicatedLogMachine

/// What the log means to this service: a value for each key, with the slot that wrote it, which is its version.
struct Store: ReplicatedStateMachine {
    struct Value: Codable, Equatable, Sendable {
        let data: Data
        let version: Slot
    }

    /// Writes a value, or removes the key; if `expected` is its version then, 0 if it is not there, where that is given.
    struct Command: ReplicatedCommand, Codable {
        let key: String
        let data: Data?
        let expected: Slot?
    }

    struct Result: Sendable {
        let isApplied: Bool
        /// What the key has now.
        let version: Slot?
    }

    private(set) var values: [String: Value] = [:]

    init() {}

    mutating func apply(_ command: Command, at slot: Slot) -> Result {
        let version = values[command.key]?.version
        if let expected = command.expected, expected != version ?? 0 {
            return Result(isApplied: false, version: version)
        }
        values[command.key] = command.data.map { Value(data: $0, version: slot) }
        return Result(isApplied: true, version: command.data == nil ? nil : slot)
    }

    func snapshot(into writer: inout LogSnapshot.Writer) throws {
        let encoder = JSONEncoder()
        // The same bytes on every member.
        encoder.outputFormatting = .sortedKeys
        let bytes = Array(try encoder.encode(values))
        try writer.write(number: UInt64(bytes.count))
        try writer.write(bytes)
    }

    init(restoring reader: inout LogSnapshot.Reader) throws {
        let count = Int(try reader.readNumber())
        let data = Data(try reader.read(exactly: count))
        values = try JSONDecoder().decode([String: Value].self, from: data)
    }
}
