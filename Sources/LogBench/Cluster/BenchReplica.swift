import LogCommands
import Platform
import ReplicatedLog

/// A replica of a run, in this process or in one of its own.
protocol BenchReplica: Sendable {
    var directory: String { get }

    /// Whether it has ended although nobody asked it to.
    var hasEnded: Bool { get }

    func figures() async throws(Failure) -> ReplicaFigures

    /// Hands over entries of these slots, in order, and returns the last slot that it accounted for:
    /// what follows is asked for anew.
    func read(
        _ slots: ClosedRange<Slot>,
        _ take: (Slot, [UInt8]) -> Void
    ) async throws(Failure) -> Slot

    /// Shuts the replica down and says what ended it, if it was not this.
    func stop() async -> Failure?
}

/// What a replica says of itself at one moment.
struct ReplicaFigures {
    let deliveredSlot: Slot
    let storage: StoreCounters
    /// Of a process of its own; nil for a replica in this one.
    let process: Process?

    struct Process {
        let messages: Int
        let cpuSeconds: Double
        let anonymousResidentBytes: UInt64?
    }
}
