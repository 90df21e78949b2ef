import ArgumentParser
import LogCommands

/// How the replicas of a run reach each other.
enum BenchTransport: String, ExpressibleByArgument, Sendable {
    case memory
    case tcp
}
