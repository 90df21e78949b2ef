/// How far the life of a process has come, and whether its directory counts: what follows for what it takes
/// and says.
///
/// It ends in one of two ways: shutdown, which loses nothing it can keep, and failure, which says nothing.
struct Lifetime: Sendable {
    private enum Phase {
        case running
        /// Takes nothing new and finishes what is in flight, until the tick.
        case closing(by: Tick)
        /// The last row was submitted under this write. If the store has no room for it, it is given up
        /// at the tick.
        case sealing(WriteID, by: Tick)
        case closed
        case failed(StoreFailure)
    }

    private var phase = Phase.running
    /// What this node's peers have met and its directory does not hold: it is read, and nothing else.
    private(set) var rolledBack: RolledBack?

    init(rolledBack: RolledBack?) {
        self.rolledBack = rolledBack
    }

    /// Why a new call is refused, if it is.
    var refusal: Refusal? {
        switch phase {
        case .running: rolledBack == nil ? nil : .rolledBack
        case .closing, .sealing, .closed: .closed
        case .failed: .storeFailed
        }
    }

    /// True until the last row is written or the store has failed: from then on the node is deaf.
    var isOpen: Bool {
        switch phase {
        case .running, .closing: true
        case .sealing, .closed, .failed: false
        }
    }

    /// True of a node that is heard: while it is open, and its directory is not an old copy.
    var takesPart: Bool { isOpen && rolledBack == nil }

    var failure: StoreFailure? {
        if case .failed(let failure) = phase { failure } else { nil }
    }

    /// Until when what is in flight may finish, if the node is being shut down.
    var closesBy: Tick? {
        if case .closing(let deadline) = phase { deadline } else { nil }
    }

    /// When the last row is given up if there is no room for it, once it is on its way.
    var sealsBy: Tick? {
        if case .sealing(_, let deadline) = phase { deadline } else { nil }
    }

    /// Shut down until then; a later call can only bring the time forward.
    mutating func close(by deadline: Tick) {
        switch phase {
        case .running: phase = .closing(by: deadline)
        case .closing(let earlier): phase = .closing(by: min(earlier, deadline))
        case .sealing(let last, let earlier): phase = .sealing(last, by: min(earlier, deadline))
        case .closed, .failed: break
        }
    }

    /// The last row was submitted.
    mutating func seal(under last: WriteID) {
        if case .closing(let deadline) = phase { phase = .sealing(last, by: deadline) }
    }

    /// Every write up to here is durable. True if that was the last one.
    mutating func finish(through durable: WriteID) -> Bool {
        guard case .sealing(let last, _) = phase, durable >= last else { return false }
        phase = .closed
        return true
    }

    /// The last row is given up.
    mutating func giveUp() {
        phase = .closed
    }

    /// True if this is what ends the node.
    mutating func fail(_ failure: StoreFailure) -> Bool {
        switch phase {
        case .closed, .failed: return false
        case .running, .closing, .sealing: phase = .failed(failure)
        }
        return true
    }

    /// The directory was found to be an old copy. True if it was not known.
    mutating func fall(_ found: RolledBack) -> Bool {
        guard rolledBack == nil else { return false }
        rolledBack = found
        return true
    }
}
