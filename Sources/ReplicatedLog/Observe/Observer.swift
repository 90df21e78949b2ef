internal import PaxosCore
internal import Platform

/// What becomes of the facts and the account of each step: lines of the log, metrics, the published status, and
/// events. By the driver's thread alone.
struct Observer {
    private var lines: FactLines
    private var metrics: EngineMetrics?
    private let events: EventHub
    private let published: Locked<CoreStatus>

    private var nextRecord = Tick.zero

    /// Gauges are told this often without a durable write, if anything happens at all.
    private static let recordTicks: UInt64 = 100

    init(
        lines: FactLines,
        metrics: EngineMetrics?,
        events: EventHub,
        published: Locked<CoreStatus>
    ) {
        self.lines = lines
        self.metrics = metrics
        self.events = events
        self.published = published
    }

    /// When a line that waits may be written.
    var due: Tick { lines.due }

    /// Shows the status after a step, before anybody hears of what it came to: whoever was given an entry, an event
    /// or an answer finds a status as new.
    func show(_ status: CoreStatus) {
        published.withLock { $0 = status }
    }

    /// Looks at what a step came to, before anybody is answered.
    mutating func note(_ facts: [NodeFact], now: Tick) {
        events.publish(facts)
        lines.note(facts, now: now)
        metrics?.note(facts)
    }

    /// Records metrics if a write was found durable, or it is time.
    mutating func record(
        afterWrite: Bool,
        now: @autoclosure () -> Tick,
        _ reading: () -> EngineMetrics.Reading
    ) {
        guard metrics != nil, afterWrite || now() >= nextRecord else { return }
        metrics?.record(reading())
        nextRecord = now().advanced(by: Self.recordTicks)
    }

    /// Nothing is recorded after it.
    mutating func end() {
        metrics?.destroy()
        metrics = nil
    }

    /// Writes the lines that are due.
    mutating func catchUp(now: Tick) {
        if now >= due { lines.note([], now: now) }
    }
}
