internal import Platform

/// When appends go from the inbox to the core of a leader: at once, or a moment later, in one group with those
/// that come meanwhile.
///
/// What is proposed while the disk is busy waits for it anyway, and what comes too late for that makes a group of
/// its own. Callers that append one entry after the other would fall into two groups that take turns, each waiting
/// for the flush of the other too. So appends gather while the disk writes what others wait for; and when it is
/// done, those who are answered have a moment to come again before the next group begins. Nobody waits
/// longer than for two writes of the usual length, so that a disk that hesitates where others do not holds up
/// nobody, nor longer than the moment once everybody who waited is there again.
struct Gathering {
    /// So many make a group that is worth a write, whatever the disk does.
    static let most = 128
    /// What a caller takes to come again, on a processor that others use too.
    static let moment = Duration.microseconds(60)
    /// However slow the disk is.
    private let longest: Duration
    /// How long the log's writes take of late.
    private var usual = Duration.zero
    private var writingSince: MonotonicInstant?
    /// So many may come.
    private var expected = 0
    /// When there is no reason to wait any more.
    private var end = MonotonicInstant(nanoseconds: 0)

    init(longest: Duration = .milliseconds(10)) {
        self.longest = longest
    }

    /// How many appends are enough to go at once.
    var enough: Int { min(Self.most, expected) }

    /// When appends that gather since then go, however few they are: one write after the other, of what other
    /// members forward, would else put it off for ever.
    func end(since: MonotonicInstant) -> MonotonicInstant {
        min(end, since.advanced(by: min(usual * 2, longest) + Self.moment))
    }

    /// True if so many appends, the first of which have waited since then, are to wait for more.
    func holds(_ count: Int, since: MonotonicInstant, at now: MonotonicInstant) -> Bool {
        count > 0 && count < enough && now < end(since: since)
    }

    /// What a step of the core shows.
    struct Step {
        /// Slots are proposed that are not chosen yet. Nobody waits for the own disk alone.
        var isAwaited: Bool
        /// The own disk has to write something.
        var isWriting: Bool
        /// It has written something.
        var isFlushed: Bool
        /// How many callers waited when some of them were answered; nil if none was.
        var callers: Int?
    }

    mutating func note(_ step: Step, leads: Bool, at now: MonotonicInstant) {
        if step.isFlushed, let since = writingSince {
            let taken = since.duration(to: now)
            usual = usual == .zero ? taken : usual + (taken - usual) / 8
            writingSince = nil
        }
        if !step.isWriting { writingSince = nil }
        guard leads else {
            end = MonotonicInstant(nanoseconds: 0)
            return
        }
        if step.isWriting, writingSince == nil { writingSince = now }
        if let callers = step.callers { expected = callers }
        if let since = writingSince, step.isAwaited {
            end = since.advanced(by: min(usual * 2, longest))
        } else if step.isFlushed || step.callers != nil {
            end = now.advanced(by: Self.moment)
        }
    }
}
