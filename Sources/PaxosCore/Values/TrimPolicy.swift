/// What of its log a node keeps, and forgets by itself (`LogNode.Configuration.trimming`).
///
/// ```swift
/// configuration.trimming = .keeping(entries: 10_000_000)
/// configuration.trimming = .behindSnapshots(margin: 100_000)
/// ```
///
/// Each node trims its own log. Whatever the policy says, nothing goes that `LogNode.trim(through:)` would not let go
/// either: what a member may soon ask for (as long as `Limits.retentionTime` and `Limits.retentionSlots` have it waited
/// for), what this node has not delivered, what a kept snapshot does not hold, and what a named cursor has not passed. It
/// goes in pieces of 1,024 slots or a MiB at least, and so much more is kept.
public struct TrimPolicy: Hashable, Sendable {
    /// What is kept.
    @nonexhaustive
    public enum Kept: Hashable, Sendable {
        /// Everything, until `LogNode.trim(through:)` is called.
        case everything
        /// So many slots at the end.
        case entries(Int)
        /// What takes about so many bytes of the data file, indices included: how many entries that are is told by
        /// their mean, and comes right as older ones go.
        case bytes(Int)
        /// What the newest snapshot does not hold, and so many slots before it; everything, while there is none.
        case snapshot(margin: Int)
    }

    /// What is kept. Default `everything`.
    public var kept = Kept.everything
    /// Also what a snapshot that is kept does not hold. Default false.
    public var isPastSnapshots = false
    /// How long a named cursor that does not move holds back what it has not passed, counted anew by each process.
    /// Default `nil`: for ever.
    public var cursorTime: Duration?
    /// How many slots a named cursor may lack and still hold them back. Default `nil`: any number.
    public var cursorSlots: Int?

    /// Keeps everything.
    public init() {}

    /// Keeps so many slots at the end of the log.
    public static func keeping(entries: Int) -> TrimPolicy {
        var policy = TrimPolicy()
        policy.kept = .entries(entries)
        return policy
    }

    /// Keeps about so many bytes of the data file.
    public static func keeping(bytes: Int) -> TrimPolicy {
        var policy = TrimPolicy()
        policy.kept = .bytes(bytes)
        return policy
    }

    /// Keeps what the newest snapshot does not hold, and so many slots before it.
    public static func behindSnapshots(margin: Int = 0) -> TrimPolicy {
        var policy = TrimPolicy()
        policy.kept = .snapshot(margin: margin)
        return policy
    }

    /// Returns the policy if it makes sense.
    ///
    /// - Throws: `InvalidLimits`, naming the first value that does not.
    public func validated() throws(InvalidLimits) -> TrimPolicy {
        let (name, least, value) =
            switch kept {
            case .everything: ("kept", 0, 0)
            case .entries(let count): ("entries", 1, count)
            case .bytes(let count): ("bytes", 1, count)
            case .snapshot(let margin): ("margin", 0, margin)
            }
        guard value >= least else {
            throw InvalidLimits(name: "trimming." + name, reason: "must be at least \(least)")
        }
        if let cursorSlots, cursorSlots < 1 {
            throw InvalidLimits(name: "trimming.cursorSlots", reason: "must be at least 1")
        }
        if let cursorTime, cursorTime < .seconds(1) {
            throw InvalidLimits(name: "trimming.cursorTime", reason: "must be at least 1 s")
        }
        return self
    }

    /// Up to where the log may go by what is kept of it; zero if nowhere.
    ///
    /// - Parameters:
    ///   - snapshot: The slot of the newest one, if there is one.
    ///   - bytes: What the rows take; 0 if nobody knows.
    func goal(committed: Slot, trimmed: Slot, snapshot: Slot?, bytes: Int) -> Slot {
        switch kept {
        case .everything: return .zero
        case .entries(let count): return committed.lowered(by: count)
        case .snapshot(let margin): return snapshot?.lowered(by: margin) ?? .zero
        case .bytes(let most):
            let rows = committed.count(after: trimmed)
            guard bytes > most, rows > 0 else { return .zero }
            let excess = Double(bytes - most) / Double(bytes) * Double(rows)
            return trimmed.advanced(by: min(Int(excess), rows))
        }
    }
}

extension Slot {
    fileprivate func lowered(by count: Int) -> Slot {
        Slot(rawValue: rawValue - min(rawValue, UInt64(max(0, count))))
    }
}
