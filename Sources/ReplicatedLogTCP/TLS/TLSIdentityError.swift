#if TLS
/// Why certificates cannot be used.
public struct TLSIdentityError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file or whose bytes they are, and what is wrong with it.
    public let description: String
}
#endif
