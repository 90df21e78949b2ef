// Of the article WhatACommitWaitsFor: ArticleTests compares the two.
// ARTICLE begins
import ReplicatedLog

/// Whether an append of unknown outcome is in the log; if it is not by now, it never will be.
func isPaid(_ token: Token, at node: LogNode) async throws -> Bool? {
    switch try await node.resolve(token, settle: true) {
    case .committed, .passed: true
    case .never: false
    // The member that took it was restarted eight times since, and the log is trimmed: ask sooner.
    case .unknown: nil
    }
}
// ARTICLE ends
