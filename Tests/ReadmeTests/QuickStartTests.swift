import Foundation
import TestSupport
import Testing

/// What README.md and the article FirstCluster show is compiled and run here.
@Suite(.shared) struct QuickStartTests {
    @Test func theQuickStartRuns() async throws {
        let scratch = try Scratch("readme")
        let seen = try await quickStart(in: scratch.path + "/n1")
        #expect(seen == ["paid 17", "packed 17", "sent 17"])
    }

    @Test func theThreeMembersRun() async throws {
        let scratch = try Scratch("readme")
        let seen = try await threeMembers(below: scratch.path)
        #expect(seen == ["paid 17", "paid 18", "paid 19"])
    }

    /// An application outside of this package runs it too; SnippetTests looks for it in the documents.
    @Test func theApplicationRunsTheSame() throws {
        func snippet(_ path: String) throws -> Substring {
            let source = try Repository.text(path)
            let begin = try #require(source.range(of: "// ARTICLE begins\n"))
            let end = try #require(source.range(of: "// ARTICLE ends\n"))
            return source[begin.upperBound..<end.lowerBound]
        }
        let shown = try snippet("Tests/ReadmeTests/QuickStart.swift")
        #expect(shown.contains("LogNode.open"))
        #expect(try snippet("Examples/Consumer/Sources/Consumer/QuickStart.swift") == shown)
    }
}
