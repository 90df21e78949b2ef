/// Every bound of a node in one place, those of its disk apart (`StorageOptions`). Whatever has no bound here
/// does not grow.
///
/// ```swift
/// var limits = Limits()
/// limits.maxPayloadBytes = 64 << 10
/// limits.electionTimeout = .seconds(2)            // members that are far apart
/// limits.heartbeatInterval = .milliseconds(300)
/// configuration.limits = limits
/// ```
///
/// Counts are in slots or appends, sizes in bytes. `validated()` says which combinations make no sense.
public struct Limits: Hashable, Sendable {
    /// The largest payload of one append. Default 1 MiB.
    public var maxPayloadBytes = 1 << 20
    /// Slots proposed and not yet committed. A batch may hold half as many. Default 16,384.
    public var pipelineSlots = 16_384
    /// Payload bytes proposed and not yet committed. A batch may hold half as many, and what waits for a
    /// member's disk is twice as many at most, a leader's own proposals apart. Default 8 MiB.
    public var pipelineBytes = 8 << 20
    /// Payload bytes in one page of phase 1, of catch-up and of a cold subscriber's read. Default 1 MiB.
    public var pageBytes = 1 << 20
    /// Appends in the inbox; beyond it a call waits, or throws `overloaded` if it asked not to wait.
    /// Default 65,536.
    public var inboxAppends = 65_536
    /// Payload bytes in the inbox. Default 64 MiB.
    public var inboxBytes = 64 << 20
    /// Payload bytes, and 512 for each, of appends that wait for room in the inbox; beyond it a call throws
    /// `overloaded` though it would wait. Default 64 MiB.
    public var waitingBytes = 64 << 20
    /// Payload bytes of delivered entries, and 64 for each, kept in memory for subscribers at the tail
    /// while there are any; as many may be read ahead for them. Default 4 MiB.
    public var tailBytes = 4 << 20
    /// How long an append, a barrier or a trim waits if it was not told otherwise. Default 10 s.
    public var appendTimeout = Duration.seconds(10)
    /// How long a shutdown waits for what is in flight. Default 3 s.
    public var shutdownTimeout = Duration.seconds(3)
    /// How often a leader tells its followers that it lives; in whole hundredths of a second. Default 50 ms.
    public var heartbeatInterval = Duration.milliseconds(50) {
        didSet { heartbeatTicks = max(1, Self.ticks(in: heartbeatInterval)) }
    }
    /// How long a leader waits to hear a quorum before it steps down, and a follower for its leader before it
    /// looks for another: each of a follower's waits is drawn between one and two of these. In whole hundredths
    /// of a second. Default 300 ms.
    public var electionTimeout = Duration.milliseconds(300) {
        didSet { electionTicks = max(3, Self.ticks(in: electionTimeout)) }
    }
    /// How long a member that is not heard keeps others from trimming what it lacks. After that it does not hold
    /// them back any more, and if it comes back it takes a base instead of the entries: what it has not delivered
    /// by then it never delivers. Default 1 h.
    public var retentionTime = Duration.seconds(3_600)
    /// How many slots a member may lack and still keep others from trimming them, heard or not; beyond it is as
    /// behind `retentionTime`. Default 16,777,216.
    public var retentionSlots = 1 << 24
    /// Delivered slots between two checkpoints of the log's state; `open` replays at most twice as many
    /// rows plus one pipeline. Default 32,768.
    public var checkpointSlots = 32_768

    /// `heartbeatInterval`, as the core counts.
    package private(set) var heartbeatTicks: UInt64 = 5
    /// `electionTimeout`, as the core counts.
    package private(set) var electionTicks: UInt64 = 30

    /// The whole ticks of the core in a time, of ten milliseconds each; so many at most that none of the core's
    /// multiples of them overflows.
    package static func ticks(in time: Duration) -> UInt64 {
        let (seconds, attoseconds) = time.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 1 << 40 else { return 100 << 40 }
        return UInt64(seconds) * 100 + UInt64(attoseconds / 10_000_000_000_000_000)
    }

    /// The documented defaults.
    public init() {}

    /// The most payloads that one batch may hold.
    public var maxBatchEntries: Int { max(1, pipelineSlots / 2) }
    /// The most payload bytes that one batch may hold.
    public var maxBatchBytes: Int { pipelineBytes / 2 }

    /// The most memory that a node takes for the log, in bytes, whatever is asked of it and however slow
    /// its disk or a peer is. LMDB's map, which the system may take back, is not part of it; nor is what
    /// callers were given: each read the page that it is answered with, of `pageBytes` and one payload at
    /// most, and each subscription the event that it was handed last and 16 KiB.
    ///
    /// Twice `inboxBytes`, for appends and for messages, and a quarter of it for appends whose callers have
    /// gone; `waitingBytes`; four times `pipelineBytes`, for what is proposed, on its way to the disk, in the
    /// transaction under way, and forwarded; twice `tailBytes`, for the window and for what is read ahead;
    /// for each other member two pipelines in the queue to it and three pages that it is sent; and 512 bytes of
    /// bookkeeping for each append in the inbox and slot of the pipeline.
    ///
    /// - Parameter members: How many members the cluster has.
    public func memoryBytes(members: Int) -> Int {
        2 * inboxBytes + inboxBytes / 4 + waitingBytes + 4 * pipelineBytes + 2 * tailBytes
            + (members - 1) * (2 * pipelineBytes + 3 * pageBytes)
            + 512 * (inboxAppends + pipelineSlots)
    }

    /// Returns the limits if they make sense together.
    ///
    /// - Throws: `InvalidLimits`, naming the first value that does not.
    public func validated() throws(InvalidLimits) -> Limits {
        let positive: [(String, Int)] = [
            ("maxPayloadBytes", maxPayloadBytes), ("pipelineBytes", pipelineBytes),
            ("pageBytes", pageBytes), ("inboxAppends", inboxAppends), ("inboxBytes", inboxBytes),
            ("waitingBytes", waitingBytes), ("tailBytes", tailBytes),
            ("checkpointSlots", checkpointSlots), ("retentionSlots", retentionSlots),
        ]
        for (name, value) in positive where value < 1 {
            throw InvalidLimits(name: name, reason: "must be at least 1")
        }
        let times = [
            ("appendTimeout", appendTimeout), ("shutdownTimeout", shutdownTimeout),
            ("heartbeatInterval", heartbeatInterval),
        ]
        for (name, time) in times where time < .milliseconds(1) {
            throw InvalidLimits(name: name, reason: "must be at least 1 ms")
        }
        func check(_ isValid: Bool, _ name: String, _ reason: String) throws(InvalidLimits) {
            guard isValid else { throw InvalidLimits(name: name, reason: reason) }
        }
        try check(
            electionTimeout >= heartbeatInterval * 3,
            "electionTimeout",
            "must be at least three times heartbeatInterval"
        )
        try check(
            retentionTime >= electionTimeout,
            "retentionTime",
            "must be at least electionTimeout"
        )
        try check(pipelineSlots >= 2, "pipelineSlots", "must be at least 2")
        try check(pipelineSlots <= 65_536, "pipelineSlots", "must be at most 65,536")
        try check(pipelineBytes <= 128 << 20, "pipelineBytes", "must be at most 128 MiB")
        try check(
            checkpointSlots <= (100_000 - pipelineSlots) / 2,
            "checkpointSlots",
            "must let open replay at most 100,000 rows: twice itself plus pipelineSlots"
        )
        try check(
            maxPayloadBytes <= maxBatchBytes,
            "maxPayloadBytes",
            "must be at most half of pipelineBytes"
        )
        try check(
            maxPayloadBytes <= inboxBytes,
            "maxPayloadBytes",
            "must be at most inboxBytes"
        )
        return self
    }
}

extension Limits {
    /// The room that there must be before a page is asked for: a page, or the one entry that is larger. A page ends
    /// behind the row that exceeds `pageBytes`, so that a row more may come, and is dropped if it does not fit.
    var transferBytes: Int { max(pageBytes, maxPayloadBytes) }
}

/// A limit that cannot be.
public struct InvalidLimits: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name of the property.
    public let name: String
    /// What it must be.
    public let reason: String

    /// What is wrong, for people.
    public var description: String { "limit \(name) \(reason)" }
}
