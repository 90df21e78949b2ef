/// Marks a transaction that only reads.
public enum Reading: Sendable {}

/// Marks a transaction that may write.
public enum Writing: Sendable {}

/// A transaction: a state of the whole environment, seen by its closure only.
///
/// Spans handed to closures point into the map. They are valid in the closure only, and values start
/// at even addresses at best: load numbers unaligned. What changes the state is `mutating`, so the
/// compiler refuses a change while a span or a cursor is in use.
///
/// Stays on the thread it began on, and inside its closure.
public struct Transaction<Access>: ~Copyable {
    @usableFromInline
    let pointer: OpaquePointer

    @usableFromInline
    init(pointer: OpaquePointer) {
        self.pointer = pointer
    }
}

/// A transaction that reads: see ``Environment/withRead(_:)`` and ``ReadSlot``.
public typealias ReadTransaction = Transaction<Reading>

/// A transaction that reads, sees its own changes, and writes: see ``Environment/withWrite(_:)``.
public typealias WriteTransaction = Transaction<Writing>

extension Transaction {
    /// The number of the state seen, or for a writer of the one being made: rises by one with every
    /// commit that changes something.
    public var id: UInt64 { Raw.transactionID(pointer) }
}
