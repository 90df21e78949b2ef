import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

extension TrioTests {
    /// The service of README.md: three processes, and what their log lines tell.
    @Suite struct ReadmeServiceTests {
        private final class Member {
            let process = Process()
            private let input = Pipe()
            private let errors: String

            init(_ name: String, _ addresses: [String], in folder: String) throws {
                let path = BuiltProgram.path("readme-member")
                process.executableURL = URL(fileURLWithPath: path).standardizedFileURL
                process.arguments = [name] + addresses
                process.currentDirectoryURL = URL(fileURLWithPath: folder)
                process.standardInput = input
                errors = "\(folder)/\(name).log"
                try Data().write(to: URL(fileURLWithPath: errors))
                process.standardError = try FileHandle(
                    forWritingTo: URL(fileURLWithPath: errors)
                )
                try process.run()
            }

            /// How often something was ordered, as this member was told last.
            func count(of text: String) -> Int {
                let answers = lines.split(separator: "\n").filter { $0.contains("] \(text): ") }
                return answers.compactMap { line in
                    line.split(separator: " ").last.flatMap { Int($0) }
                }.last ?? 0
            }

            /// False if it is not told of more than were ordered before. A busy machine may need more than an append
            /// waits for.
            func orders(_ text: String, behind before: Int) throws -> Bool {
                for _ in 0..<6 {
                    try input.fileHandleForWriting.write(contentsOf: Data("\(text)\n".utf8))
                    if waitUntil(.seconds(15), { self.count(of: text) > before }) { return true }
                }
                return false
            }

            func endInput() throws { try input.fileHandleForWriting.close() }

            var lines: String { (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "" }

            func has(_ text: String) -> Bool { lines.contains(text) }
        }

        @Test func threeProcessesOutliveTheirLeader() async throws {
            try await blocking {
                Foundation.signal(SIGPIPE, SIG_IGN)
                let scratch = try Scratch("rlog")
                let addresses = try Loopback.freePorts(3).map { "127.0.0.1:\($0)" }
                let members = try ["n1", "n2", "n3"].map {
                    try Member($0, addresses, in: scratch.path)
                }
                defer { for member in members { kill(member.process.processIdentifier, SIGKILL) } }
                var ordered = 0
                for member in members {
                    #expect(try member.orders("coffee", behind: ordered))
                    ordered = member.count(of: "coffee")
                }
                // The lines of the log alone say who leads, and who does once that one is killed.
                _ = waitUntil(.seconds(60)) { members.contains { $0.has("] leads") } }
                let leader = try #require(members.lastIndex { $0.has("] leads") })
                let others = members.indices.filter { $0 != leader }
                kill(members[leader].process.processIdentifier, SIGKILL)
                for place in others {
                    #expect(try members[place].orders("coffee", behind: ordered))
                    ordered = members[place].count(of: "coffee")
                    let isToldOf = { members[place].has("leader=\($0 + 1) ") }
                    #expect(waitUntil(.seconds(60)) { others.contains(where: isToldOf) })
                }
                for place in others {
                    try members[place].endInput()
                    let process = members[place].process
                    #expect(waitUntil(.seconds(60)) { !process.isRunning })
                    #expect(process.terminationStatus == 0)
                    #expect(members[place].has("shut down"))
                }
            }
        }
    }
}
