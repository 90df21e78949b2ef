/// What the process's exit says; a contract.
package enum ExitStatus: Int32 {
    case done = 0
    /// The thing checked is wrong: a violated invariant, a failed verification, a lost append.
    case wrong = 1
    case usage = 2
    /// A foreign, damaged, missing or held directory; an address or a certificate that cannot be used.
    case refused = 3
    /// Storage failed while running; the node stopped itself.
    case storageFailed = 4
    /// No quorum, or time ran out.
    case unavailable = 5
    /// Nobody reads the output any more.
    case unread = 6
}
