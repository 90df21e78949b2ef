#if TLS
/// Why certificates cannot be used.
public struct TLSIdentityError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, and what is wrong with it.
    public let description: String
}
#endif
