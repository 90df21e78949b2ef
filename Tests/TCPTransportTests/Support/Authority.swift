import Foundation
import PaxosCore
import ReplicatedLogTCP
import Testing

/// An authority that issues certificates, made by openssl as docs/OPERATIONS.md shows.
final class Authority {
    private let folder: URL

    init() throws {
        folder = URL(
            filePath: ".build/test-data/tls-" + String(UInt64.random(in: 0 ... .max), radix: 36)
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=test authority",
            "-keyout",
            path("ca.key"),
            "-out",
            path("ca.pem")
        )
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func path(_ name: String) -> String { folder.appending(path: name).path }

    struct Files {
        let certificate: String
        let key: String
        let authority: String
    }

    /// A certificate with a name, from this authority, and whom to trust: this or another one.
    func issue(uri: String, trusting other: Authority? = nil) throws -> Files {
        let name = String(UInt64.random(in: 0 ... .max), radix: 36)
        try openssl(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            "/CN=node",
            "-keyout",
            path(name + ".key"),
            "-out",
            path(name + ".csr")
        )
        let extensions = path(name + ".ext")
        try "subjectAltName=URI:\(uri)\n".write(
            toFile: extensions,
            atomically: true,
            encoding: .utf8
        )
        try openssl(
            "x509",
            "-req",
            "-in",
            path(name + ".csr"),
            "-CA",
            path("ca.pem"),
            "-CAkey",
            path("ca.key"),
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            extensions,
            "-out",
            path(name + ".pem")
        )
        return Files(
            certificate: path(name + ".pem"),
            key: path(name + ".key"),
            authority: (other ?? self).path("ca.pem")
        )
    }

    func identity(uri: String, trusting other: Authority? = nil) throws -> TLSIdentity {
        let files = try issue(uri: uri, trusting: other)
        return try TLSIdentity(
            certificate: files.certificate,
            key: files.key,
            authority: files.authority
        )
    }

    func identity(of node: NodeID, in cluster: String) throws -> TLSIdentity {
        try identity(uri: "rlog://\(cluster)/node/\(node.rawValue)")
    }

    private func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(String(decoding: text, as: UTF8.self))")
    }
}

/// A client that is none of ours, with a certificate: openssl.
final class TLSClient {
    private let process = Process()
    private let input = Pipe()

    init(_ files: Authority.Files, port: UInt16) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "openssl", "s_client", "-quiet", "-connect", "127.0.0.1:\(port)", "-cert",
            files.certificate, "-key", files.key, "-CAfile", files.authority,
        ]
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    func send(_ bytes: [UInt8]) { input.fileHandleForWriting.write(Data(bytes)) }

    func end() { process.killed() }
}

/// A server that is none of ours, with a certificate: openssl.
final class TLSServer {
    private let process = Process()
    private let output = Pipe()

    init(_ files: Authority.Files, port: UInt16) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "openssl", "s_server", "-quiet", "-accept", "\(port)", "-cert", files.certificate,
            "-key", files.key, "-CAfile", files.authority, "-Verify", "1",
        ]
        // Its input stays open: at its end it would end too.
        process.standardInput = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// Everything that it was told.
    func end() -> Data {
        process.killed()
        return output.fileHandleForReading.readDataToEndOfFile()
    }
}

extension Process {
    /// Ends it whatever it blocks: a thread of a pool that starts one hands its signal mask on, in which
    /// SIGTERM may be blocked.
    fileprivate func killed() { kill(processIdentifier, SIGKILL) }
}
