import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

/// Certificates have dates: one that nobody would take is refused at the start.
@Suite(.heavy, .tags(.slow)) struct CertificateTests {
    /// The arguments of a node with a certificate for so many days.
    private static func arguments(in scratch: Scratch, days: Int) throws -> [String] {
        let folder = scratch.path
        let script = """
            set -e; cd "$1"; ec="ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
            openssl req -x509 -newkey $ec -days 100 -subj /CN=authority -keyout ca.key -out ca.pem
            openssl req -newkey $ec -subj /CN=node -keyout n1.key -out n1.csr
            printf 'subjectAltName=URI:rlog://tests/node/1\\n' > n1.ext
            openssl x509 -req -in n1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days "$2" \\
                -extfile n1.ext -out n1.pem
            """
        let shell = try BuiltProgram("/bin/sh", ["-c", script, "sh", folder, "\(days)"])
        let made = shell.wait()
        try #require(made.status == 0, "\(made.errors)")
        return [
            "--data", try scratch.log(), "--listen", "127.0.0.1:0",
            "--tls-cert", "\(folder)/n1.pem", "--tls-key", "\(folder)/n1.key",
            "--tls-ca", "\(folder)/ca.pem",
        ]
    }

    @Test func anExpiredCertificateIsRefusedAtTheStart() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let arguments = try Self.arguments(in: scratch, days: 2)
            guard let clock = try JumpingClock(file: scratch.path + "/clock") else {
                return print("no clang: an expired certificate is left out")
            }
            try clock.jump(toSeconds: 3 * 86_400)
            let started = try Rlog.start(["node"] + arguments, environment: clock.environment)
            let ended = started.wait()
            #expect(ended.status == 3)
            #expect(try ended.objects().first?["refused"] as? String == "certificate")
            #expect(ended.errors.contains("expired"))
        }
    }

    /// It is taken, and said: on standard error before it expires, in the status always.
    @Test func theExpiryIsSaid() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let arguments = try Self.arguments(in: scratch, days: 3)
            guard let clock = try JumpingClock(file: scratch.path + "/clock") else {
                return print("no clang: a certificate that expires soon is left out")
            }
            try clock.jump(toSeconds: 2 * 86_400 + 3_600)
            let errors = scratch.path + "/errors"
            let node = try NodeProcess(
                arguments,
                environment: clock.environment,
                errors: errors
            )
            let status = try #require(node.ask("status"))
            let expiry = try #require(status.certificateExpires)
            #expect(expiry.wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/#) != nil)
            let date = try #require(ISO8601DateFormatter().date(from: expiry))
            #expect(abs(date.timeIntervalSinceNow - 3 * 86_400) < 3_600)
            #expect(
                waitUntil(.seconds(60)) {
                    (try? String(contentsOfFile: errors, encoding: .utf8))?.contains(expiry) == true
                }
            )
            node.endInput()
            #expect(node.ending(within: .seconds(60)) == 0)
        }
    }
}
