import Foundation
import Testing

/// README.md shows what is compiled and run here.
@Suite struct QuickStartTests {
    @Test func theQuickStartRuns() async throws {
        let directory =
            ".build/test-data/readme-" + String(UInt64.random(in: 0 ... .max), radix: 36)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let seen = try await quickStart(in: directory + "/n1")
        #expect(seen == ["paid 17", "packed 17", "sent 17"])
    }

    @Test func theThreeMembersRun() async throws {
        let directory =
            ".build/test-data/readme-" + String(UInt64.random(in: 0 ... .max), radix: 36)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let seen = try await threeMembers(below: directory)
        #expect(seen == ["paid 17", "paid 18", "paid 19"])
    }

    @Test(arguments: [
        "Tests/ReadmeTests/QuickStart.swift", "Tests/ReadmeTests/ThreeMembers.swift",
        "Examples/Consumer/Sources/Consumer/QuickStart.swift",
    ])
    func readmeShowsWhatIsRun(path: String) throws {
        let source = try Repository.text(path)
        let begin = try #require(source.range(of: "// README begins\n"))
        let end = try #require(source.range(of: "// README ends\n"))
        let snippet = String(source[begin.upperBound..<end.lowerBound])
        #expect(snippet.contains("LogNode.open"))
        #expect(try Repository.text("README.md").contains("```swift\n" + snippet + "```\n"))
    }
}
