import Foundation
import TestSupport
import Testing

/// docs/TESTKIT.md shows what is compiled and run here.
@Suite(.shared) struct KitExampleTests {
    @Test(.heavy) func theClusterOutlivesADisk() async throws {
        let scratch = try Scratch("testkit")
        try await outliveADisk(in: scratch.path)
    }

    @Test(arguments: ["SimulatedLogExample", "FaultyClusterExample"])
    func theDocumentShowsWhatIsRun(name: String) throws {
        let source = try Repository.text("Tests/ReadmeTests/Kits/\(name).swift")
        let begin = try #require(source.range(of: "// TESTKIT begins\n"))
        let end = try #require(source.range(of: "// TESTKIT ends\n"))
        let snippet = String(source[begin.upperBound..<end.lowerBound])
        #expect(snippet.contains("import ReplicatedLogTestKit"))
        #expect(try Repository.text("docs/TESTKIT.md").contains("```swift\n" + snippet + "```\n"))
    }
}
