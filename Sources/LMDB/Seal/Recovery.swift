/// What opening an environment found of its last transaction.
public enum Recovery: Hashable, Sendable {
    /// The last transaction is there, or none was ever sealed.
    case whole
    /// The last transaction was cut short by a crash before it was acknowledged, and is undone; its number is
    /// not given out again.
    case dropped(transaction: UInt64)
}
