public import ReplicatedLog

/// What the commands of a log do: a value that is the same on every member after the same commands.
///
/// ```swift
/// struct Counter: ReplicatedStateMachine {
///     var total: UInt64 = 0
///     mutating func apply(_ command: [UInt8], at slot: Slot) -> UInt64 {
///         total += UInt64(command.count)
///         return total
///     }
///     func snapshot(into writer: inout LogSnapshot.Writer) throws { try writer.write(number: total) }
///     init() {}
///     init(restoring reader: inout LogSnapshot.Reader) throws { total = try reader.readNumber() }
/// }
/// ```
///
/// A value type: the host writes a snapshot of a copy while it goes on applying to its own, so two copies must
/// share nothing that changes. Of an array or a dictionary the first change after copying costs its length.
public protocol ReplicatedStateMachine: Sendable {
    /// What is appended.
    associatedtype Command: ReplicatedCommand
    /// What whoever performed a command is told.
    associatedtype Result: Sendable

    /// Does what the command says.
    ///
    /// Deterministic: it depends on the state, the command and the slot alone; no clock, no random number, no
    /// order of a hashed collection, no file (`R67`). What differs here differs on the members from then on.
    mutating func apply(_ command: Command, at slot: Slot) -> Result

    /// Writes the state, so that `init(restoring:)` makes the same of it.
    ///
    /// The members compare what they have written at the same slots, and the one that differs from a majority ends
    /// with `HostError.diverged`. So the bytes must depend on the state alone: a dictionary is written in the order of
    /// its keys, say.
    func snapshot(into writer: inout LogSnapshot.Writer) throws

    /// In which form the state is written: 0 if not given.
    ///
    /// Another one whenever the same state is written as other bytes. What is of different forms is not compared, so
    /// that members can be upgraded one after the other.
    static var snapshotForm: UInt64 { get }

    /// Makes the state that `snapshot(into:)` has written.
    init(restoring reader: inout LogSnapshot.Reader) throws
}

extension ReplicatedStateMachine {
    /// The first.
    public static var snapshotForm: UInt64 { 0 }
}

/// A command as bytes of the log.
///
/// `[UInt8]` is one. A type that is `Codable` needs nothing but to say so: it is JSON then.
public protocol ReplicatedCommand: Sendable {
    /// The bytes that are appended.
    func encoded() throws -> [UInt8]

    /// Reads them. A command that throws here stops every host that meets it, since none may pass over what
    /// another applies: what a later version adds must be read, or be known as unknown, by the earlier
    /// one before it is performed.
    init(decoding bytes: [UInt8]) throws
}

extension [UInt8]: ReplicatedCommand {
    /// The bytes themselves.
    public func encoded() -> [UInt8] { self }

    /// The bytes themselves.
    public init(decoding bytes: [UInt8]) { self = bytes }
}
