/// What a statement that depends on a write says. It leaves with the receipt of that write and not
/// before (`R28`).
package enum Statement: Hashable, Sendable {
    case prepare(Prepare)
    case promise(Promise)
    case accepted(Accepted)
}

/// What may leave at once: it testifies to nothing on this node's disk.
package enum Proposal: Hashable, Sendable {
    case accept(Accept)
    case reject(Reject)
    case pageRequest(PageRequest)
    case page(PromisePage)
}

/// What a node receives, from a peer or from itself.
package enum Message: Hashable, Sendable {
    case statement(Statement)
    case proposal(Proposal)
}

/// A statement and whom it is for. Only `WriteBatch` holds one on its way, and only a receipt gives it
/// out again.
package struct Testimony: Hashable, Sendable {
    package let destination: NodeID
    package let statement: Statement
}

/// A message that depends on no write, and whom it is for. It has no room for a `Statement`.
package struct Immediate: Hashable, Sendable {
    package let destination: NodeID
    package let proposal: Proposal
}
