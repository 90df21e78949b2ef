#if TLS
package import LogWire
package import NIOCore
internal import NIOSSL
internal import PaxosCore
internal import ReplicatedLog

/// A node's certificate and key, and the authority that issued those of the whole cluster.
///
/// Both ends of a connection show a certificate. It counts if the cluster's own authority issued it (no
/// other is trusted, the system's neither), and if one of its subjectAltNames is
/// `URI:rlog://CLUSTER/node/ID`, for the node that the other end says it is. TLS 1.3, nothing older.
/// docs/OPERATIONS.md shows how to make the files with openssl.
public struct TLSIdentity: Sendable {
    private let client: NIOSSLContext
    private let server: NIOSSLContext
    /// The certificate's own names.
    private let uris: [String]
    let validity: Validity

    /// Reads three PEM files; blocks while it does.
    ///
    /// - Parameters:
    ///   - certificate: The node's certificate, and what stands between it and the authority's, if
    ///     anything does.
    ///   - key: The private key of the first certificate.
    ///   - authority: The certificate of the cluster's authority; several, while one replaces another.
    /// - Throws: `TLSIdentityError`.
    public init(
        certificate: String,
        key: String,
        authority: String
    ) throws(TLSIdentityError) {
        try self.init(
            chain: Self.read(certificate) { try NIOSSLCertificate.fromPEMFile(certificate) },
            key: Self.read(key) { try NIOSSLPrivateKey(file: key, format: .pem) },
            roots: Self.read(authority) { try NIOSSLCertificate.fromPEMFile(authority) },
            called: (certificate, authority)
        )
    }

    /// Takes what the three PEM files would hold, from wherever it is kept.
    ///
    /// - Parameters:
    ///   - certificate: The node's certificate, and what stands between it and the authority's, if
    ///     anything does.
    ///   - key: The private key of the first certificate.
    ///   - authority: The certificate of the cluster's authority; several, while one replaces another.
    /// - Throws: `TLSIdentityError`.
    public init(
        certificate: [UInt8],
        key: [UInt8],
        authority: [UInt8]
    ) throws(TLSIdentityError) {
        let names = ("the certificate", "the authority's certificate")
        try self.init(
            chain: Self.read(names.0) { try NIOSSLCertificate.fromPEMBytes(certificate) },
            key: Self.read("the key") { try NIOSSLPrivateKey(bytes: key, format: .pem) },
            roots: Self.read(names.1) { try NIOSSLCertificate.fromPEMBytes(authority) },
            called: names
        )
    }

    private init(
        chain: [NIOSSLCertificate],
        key privateKey: NIOSSLPrivateKey,
        roots: [NIOSSLCertificate],
        called names: (certificate: String, authority: String)
    ) throws(TLSIdentityError) {
        guard let own = chain.first else {
            throw TLSIdentityError.noCertificate(in: names.certificate)
        }
        guard !roots.isEmpty else {
            throw TLSIdentityError.noCertificate(in: names.authority)
        }
        uris = own.uris
        validity = Validity(chain)
        var ends = [
            TLSConfiguration.makeClientConfiguration(),
            TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(privateKey)
            ),
        ]
        for place in ends.indices {
            ends[place].certificateChain = chain.map { .certificate($0) }
            ends[place].privateKey = .privateKey(privateKey)
            ends[place].trustRoots = .certificates(roots)
            // The name is checked as a URI, by `vouches(for:in:)`.
            ends[place].certificateVerification = .noHostnameVerification
            ends[place].minimumTLSVersion = .tlsv13
            // Every frame says where it ends, so a goodbye tells nothing: one that hangs holds no end up.
            ends[place].shutdownTimeout = .milliseconds(250)
        }
        let configurations = ends
        let contexts = try Self.read(names.certificate) {
            try configurations.map { try NIOSSLContext(configuration: $0) }
        }
        client = contexts[0]
        server = contexts[1]
    }

    private static func read<Value>(
        _ name: String,
        _ body: () throws -> Value
    ) throws(TLSIdentityError) -> Value {
        do {
            return try body()
        } catch {
            throw TLSIdentityError.unusable(name, UnderlyingError(error))
        }
    }

}

extension TLSIdentity: Security {
    package func clientHandler() throws -> any ChannelHandler {
        try NIOSSLClientHandler(context: client, serverHostname: nil)
    }

    package func serverHandler() -> any ChannelHandler {
        NIOSSLServerHandler(context: server)
    }

    package func check(_ name: CertifiedName) throws(TCPTransportError) {
        try checkValidity()
        guard uris.contains(name.uri) else { throw .certificateOfAnother(expected: name.uri) }
    }

    /// The authority has issued the other end's certificate, if bytes arrive at all.
    package func vouches(for name: CertifiedName, in context: ChannelHandlerContext) -> Bool {
        let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
        return certificate?.uris.contains(name.uri) ?? false
    }

    package func isFailure(_ error: any Error) -> Bool {
        error is NIOSSLError || error is BoringSSLError
    }
}

extension NIOSSLCertificate {
    fileprivate var uris: [String] {
        _subjectAlternativeNames().filter { $0.nameType == .uri }.map { name in
            name.contents.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        }
    }
}
#endif
