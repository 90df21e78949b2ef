#if TLS
public import ReplicatedLog

/// Why certificates cannot be used.
@nonexhaustive
public enum TLSIdentityError: Error, Hashable, Sendable {
    /// What is named, a file or whose bytes they are, was read and holds no certificate.
    case noCertificate(in: String)
    /// What is named cannot be read, or is not what it should be, as the TLS library says.
    case unusable(String, UnderlyingError)
}

extension TLSIdentityError: CustomStringConvertible {
    /// The file or whose bytes they are, and what is wrong with it.
    public var description: String {
        switch self {
        case .noCertificate(let name): "\(name): no certificate"
        case .unusable(let name, let error): "\(name): \(error)"
        }
    }
}
#endif
