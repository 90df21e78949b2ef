// Of the article WhatACommitWaitsFor: ArticleTests runs it and compares the two.
// ARTICLE begins
import ReplicatedLog

/// Appends a payload that must not be in the log twice. Tries again only what is certainly not there.
func appendOnce(_ payload: [UInt8], to node: LogNode, attempts: Int) async throws -> Slot {
    var left = attempts
    while true {
        do {
            return try await node.append(payload)
        } catch {
            left -= 1
            // `unknown` may be in the log, or still get there: appending it again would be a second append.
            guard case .never(.timedOut) = error, left > 0 else { throw error }
        }
    }
}
// ARTICLE ends
