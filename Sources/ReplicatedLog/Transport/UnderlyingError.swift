/// An error of something that the log is built upon or was given: a transport, a socket, a library.
///
/// Errors of this package are `Hashable`, and those that they were caused by need not be: two are taken for the same
/// if they are of one type and say the same.
public struct UnderlyingError: Error, Sendable, CustomStringConvertible {
    /// The error itself, to be looked at with `as?`.
    public let error: any Error

    /// Wraps an error, unless it is wrapped already.
    public init(_ error: any Error) {
        self.error = (error as? UnderlyingError)?.error ?? error
    }

    /// What the error says.
    public var description: String { "\(error)" }
}

extension UnderlyingError: Hashable {
    /// Whether they are of one type and say the same.
    public static func == (left: UnderlyingError, right: UnderlyingError) -> Bool {
        type(of: left.error) == type(of: right.error) && left.description == right.description
    }

    /// Feeds what the error says.
    public func hash(into hasher: inout Hasher) { hasher.combine(description) }
}
