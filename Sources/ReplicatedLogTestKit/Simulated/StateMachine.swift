public import ReplicatedLog

/// What an embedder builds from the log, for `SimulatedLog` to run: the same bytes in the same slots
/// must make the same state, everywhere and every time.
public protocol StateMachine {
    /// Takes the next effective payload of the log. Slots ascend; those without effect are left out.
    mutating func apply(_ slot: Slot, _ payload: [UInt8])
}

/// Which faults a seed may draw for a `SimulatedLog`. Each seed draws its own mix of them.
public struct SimulatedFaults: OptionSet, Hashable, Sendable {
    /// The kinds, as bits.
    public let rawValue: Int

    /// Makes a set from bits.
    public init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// Lost, repeated, delayed and reordered messages, slow links and partitions.
    public static let network = SimulatedFaults(rawValue: 1)
    /// Members that pause, crash at any moment of a write, or are shut down, and come back.
    public static let crashes = SimulatedFaults(rawValue: 2)
    /// Disks that stall, fill up, fail, rot, are lost or rolled back; for good on a minority at most.
    public static let disks = SimulatedFaults(rawValue: 4)
    /// All of them.
    public static let all: SimulatedFaults = [.network, .crashes, .disks]
}
