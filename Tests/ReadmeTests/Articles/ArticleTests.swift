import Foundation
import Logging
import ReplicatedLog
import ServiceLifecycle
import TestSupport
import Testing

/// The articles of the documentation show what is compiled and run here.
@Suite(.shared) struct ArticleTests {
    private static func withNode(
        _ body: (LogNode, _ directory: String) async throws -> Void
    ) async throws {
        let scratch = try Scratch("article")
        let configuration = LogNode.Configuration(
            cluster: try ClusterID("orders"),
            node: 1,
            membership: try Membership([1])
        )
        let node = try await LogNode.open(
            configuration,
            directory: scratch.path + "/n1",
            ifMissing: .create
        )
        try await body(node, scratch.path)
    }

    @Test func theServerServesAndShutsDown() async throws {
        try await Self.withNode { node, _ in
            let ledger = Ledger(of: node)
            let logger = Logger(label: "articles") { _ in SwiftLogNoOpLogHandler() }
            let group = server(of: node, ledger, signals: [], logger: logger)
            let running = Task { try await group.run() }
            try await ledger.pay("o17", cents: 200)
            try await ledger.pay("o17", cents: 50)
            #expect(try await ledger.paid(for: "o17") == 250)
            #expect(try await ledger.paid(for: "o18") == 0)
            await group.triggerGracefulShutdown()
            try await running.value
            await #expect(throws: BarrierError.self) { try await ledger.paid(for: "o17") }
        }
    }

    @Test func whatIsCertainlyNotThereIsTriedAgain() async throws {
        try await Self.withNode { node, _ in
            let running = Task { try await node.run() }
            #expect(try await appendOnce([1], to: node, attempts: 3) == 1)
            #expect(isReady(node))
            await node.shutdown()
            #expect(!isReady(node))
            await #expect(throws: AppendError.never(.closed)) {
                try await appendOnce([2], to: node, attempts: 3)
            }
            try await running.value
        }
    }

    @Test func jobsRunWhereTheLeaderIs() async throws {
        try await Self.withNode { node, _ in
            let running = Task { try await node.run() }
            try await runJobs(at: node) { fence in #expect(fence > 0) }
            #expect(await reasons(at: node).isEmpty)
            await node.shutdown()
            try await running.value
            #expect(await reasons(at: node).count == 1)
        }
    }

    @Test func aSeatIsTakenOnce() async throws {
        try await Self.withNode { node, _ in
            let running = Task { try await node.run() }
            #expect(try await take("7", at: node))
            #expect(try await take("8", at: node))
            #expect(try await !take("7", at: node))
            await node.shutdown()
            try await running.value
        }
    }

    @Test func theLedgerIsTested() async throws {
        let scratch = try Scratch("article")
        try await theLedgerOutlivesADisk(in: scratch.path)
    }
}

/// Every block of Swift in a document stands in a file that is compiled, or is a manifest.
@Suite struct SnippetTests {
    static let catalogue = "Sources/ReplicatedLog/Documentation.docc/"

    /// What is compiled, as it is shown.
    private static func compiled() throws -> Set<String> {
        let paths = [
            "Tests/ReadmeTests/QuickStart.swift", "Tests/ReadmeTests/ThreeMembers.swift",
            "Tests/ReadmeTests/Kits/FaultyClusterExample.swift",
            "Tests/ReadmeTests/Kits/SimulatedLogExample.swift",
            "Tests/ReadmeTests/Articles/Conditional.swift",
            "Tests/ReadmeTests/Articles/Leading.swift",
            "Tests/ReadmeTests/Articles/Server.swift",
            "Tests/ReadmeTests/Articles/Outcomes.swift",
            "Tests/ReadmeTests/Articles/Readiness.swift",
            "Tests/ReadmeTests/Articles/Resolved.swift",
            "Tests/ReadmeTests/Articles/Tested.swift", "Tests/Support/ReadmeMember/main.swift",
        ]
        var snippets: Set<String> = []
        for path in paths {
            let source = try Repository.text(path)
            let begin = try #require(source.firstRange(of: #/// [A-Z]+ begins\n/#))
            let end = try #require(source.firstRange(of: #/// [A-Z]+ ends\n/#))
            snippets.insert(String(source[begin.upperBound..<end.lowerBound]))
        }
        return snippets
    }

    @Test func everyBlockOfSwiftIsCompiled() throws {
        let articles = try Repository.names(in: Self.catalogue).filter { $0.hasSuffix(".md") }
        #expect(articles.count >= 6)
        let compiled = try Self.compiled()
        var found = 0
        for path in ["README.md", "docs/TESTKIT.md"] + articles.map({ Self.catalogue + $0 }) {
            let text = try Repository.text(path)
            for block in text.matches(of: #/(?s)```swift\n(.*?)```\n/#) {
                let code = String(block.1)
                guard !code.hasPrefix("// swift-tools-version"), !code.hasPrefix("// Package.swift")
                else { continue }
                found += 1
                #expect(compiled.contains(code), "\(path) shows what nothing compiles: \(code)")
            }
        }
        #expect(found >= compiled.count)
    }

    @Test func theExampleOverTCPIsTheOneOfReadme() throws {
        let example = try Repository.text("Examples/TCPConsumer/Sources/TCPConsumer/main.swift")
        #expect(try Repository.text("README.md").contains("```swift\n" + example + "```\n"))
        // A state machine on three members takes no more than a page.
        #expect(example.contains("ReplicatedStateMachine"))
        #expect(example.count { $0 == "\n" } < 60)
    }
}
