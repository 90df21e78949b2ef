// Of the article Operating: ArticleTests runs it and compares the two.
// ARTICLE begins
import ReplicatedLog

/// What a load balancer may be told: this member takes appends, by itself or through the leader.
func isReady(_ node: LogNode) -> Bool {
    let status = node.status
    guard case .healthy = status.health else { return false }
    return status.leader != nil
}
// ARTICLE ends
