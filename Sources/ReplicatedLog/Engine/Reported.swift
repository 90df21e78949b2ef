internal import Logging
internal import PaxosCore

/// What the log was told of a node's state: each change once, and nothing while nothing changes.
struct Reported {
    private var disagreements: [Disagreement] = []

    mutating func report(_ status: CoreStatus, to logger: Logger) {
        guard status.disagreements != disagreements else { return }
        for disagreement in status.disagreements where !disagreements.contains(disagreement) {
            logger.error(
                "a node was made with other members or limits: neither counts the other",
                metadata: ["peer": "\(disagreement.node)", "differs": "\(disagreement)"]
            )
        }
        disagreements = status.disagreements
    }
}
