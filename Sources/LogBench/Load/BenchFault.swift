import ArgumentParser
import LogCommands

/// What is done to the cluster in the middle third of the measured time.
enum BenchFault: String, ExpressibleByArgument, CaseIterable, Sendable {
    case none
    /// The process that leads is killed at its beginning, and started again at its end.
    case killLeader = "kill-leader"
    /// The process that leads is shut down in order at its beginning, and started again at once.
    case restart
    /// The disk of one follower takes ten milliseconds longer for each write.
    case slowDisk = "slow-disk"
    /// Whatever goes to one follower or comes from it takes ten milliseconds longer.
    case slowLink = "slow-link"
    /// A subscriber of the node that is called takes one event in ten milliseconds.
    case slowSubscriber = "slow-subscriber"

    /// Over which transport it can be done: processes are killed, and what is between nodes of one process is at hand.
    var transport: BenchTransport? {
        switch self {
        case .killLeader, .restart: .tcp
        case .slowDisk, .slowLink: .memory
        case .none, .slowSubscriber: nil
        }
    }

    /// A process of its own leads, and not the node that the clients call.
    var isOfLeader: Bool { self == .killLeader || self == .restart }

    /// How much longer a slow one takes.
    static let delay = Duration.milliseconds(10)
}
