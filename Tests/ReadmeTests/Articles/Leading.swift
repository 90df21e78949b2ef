// Of the article EmbeddingInAServer: ArticleTests compares the two.
// ARTICLE begins
import ReplicatedLog

/// Runs jobs on the member that leads, and on no other; whoever leads next goes on.
func runJobs(
    at node: LogNode,
    _ run: @escaping @Sendable (_ fence: UInt128) async throws -> Void
) async throws {
    while true {
        do {
            // No two leaderships have the same fence: what a job changes elsewhere is refused there under a
            // lower one than has been seen.
            return try await node.whileLeading { leadership in try await run(leadership.fence) }
        } catch LeadershipError.ended {
            continue
        }
    }
}

/// Why a server cannot answer, for whoever operates it.
func reasons(at node: LogNode) async -> [String] {
    await node.explain().map(\.description)
}
// ARTICLE ends
