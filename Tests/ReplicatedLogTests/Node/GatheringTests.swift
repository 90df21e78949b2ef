@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog
import TestSupport
import Testing

/// When appends wait for each other. By hand: instants in microseconds, writes of a millisecond.
@Suite(.shared) struct GatheringTests {
    private static func at(_ microseconds: UInt64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: 1_000_000_000 + 1_000 * microseconds)
    }

    private static func step(
        awaited: Bool = true,
        writing: Bool = false,
        flushed: Bool = false,
        callers: Int? = nil
    ) -> Gathering.Step {
        Gathering.Step(
            isAwaited: awaited,
            isWriting: writing,
            isFlushed: flushed,
            callers: callers
        )
    }

    /// A leader whose writes take a millisecond, with ten callers, after the first of them.
    private static func leader() -> Gathering {
        var gathering = Gathering()
        gathering.note(step(writing: true), leads: true, at: at(0))
        gathering.note(step(awaited: false, flushed: true, callers: 10), leads: true, at: at(1_000))
        return gathering
    }

    /// What holds fewer than nine appends for an hour from now.
    static func forAnHour() -> Gathering {
        var gathering = Gathering(longest: .seconds(3_600))
        let begin = MonotonicClock.now()
        gathering.note(step(writing: true), leads: true, at: begin)
        gathering.note(
            step(writing: true, flushed: true, callers: 9),
            leads: true,
            at: begin.advanced(by: .seconds(3_600))
        )
        return gathering
    }

    /// Before anything is known, and without anything in flight, an append goes at once.
    @Test func nothingIsWaitedForWithoutAReason() {
        #expect(!Gathering().holds(1, since: Self.at(0), at: Self.at(0)))
        var follower = Gathering()
        follower.note(Self.step(writing: true), leads: false, at: Self.at(0))
        follower.note(Self.step(flushed: true, callers: 10), leads: false, at: Self.at(1_000))
        #expect(!follower.holds(1, since: Self.at(1_001), at: Self.at(1_001)))
    }

    /// Those who were answered have a moment to come again, and none once they are all there.
    @Test func whoWasAnsweredMayComeAgain() {
        let gathering = Self.leader()
        #expect(gathering.holds(9, since: Self.at(1_059), at: Self.at(1_059)))
        #expect(
            !gathering.holds(10, since: Self.at(1_001), at: Self.at(1_001)),
            "nobody else is known of"
        )
        #expect(!gathering.holds(0, since: Self.at(1_001), at: Self.at(1_001)))
        #expect(!gathering.holds(9, since: Self.at(1_060), at: Self.at(1_060)))
        #expect(gathering.enough == 10)
    }

    /// While the disk writes what others wait for, and for no longer than two usual writes.
    @Test func appendsGatherWhileTheDiskIsBusy() {
        var gathering = Self.leader()
        gathering.note(Self.step(writing: true), leads: true, at: Self.at(2_000))
        #expect(gathering.holds(3, since: Self.at(3_999), at: Self.at(3_999)))
        #expect(
            !gathering.holds(3, since: Self.at(4_000), at: Self.at(4_000)),
            "the disk hesitates"
        )
        // Another step meanwhile does not prolong it.
        gathering.note(Self.step(writing: true), leads: true, at: Self.at(3_000))
        #expect(!gathering.holds(3, since: Self.at(4_000), at: Self.at(4_000)))
        // The others have it: nobody waits for this disk.
        gathering.note(
            Self.step(awaited: false, writing: true, callers: 10),
            leads: true,
            at: Self.at(3_100)
        )
        #expect(gathering.holds(3, since: Self.at(3_159), at: Self.at(3_159)))
        #expect(!gathering.holds(3, since: Self.at(3_160), at: Self.at(3_160)))
    }

    /// However many callers there are and however slow the disk is.
    @Test func nobodyWaitsForLong() {
        var gathering = Gathering()
        gathering.note(Self.step(writing: true), leads: true, at: Self.at(0))
        gathering.note(
            Self.step(awaited: false, flushed: true, callers: 5_000),
            leads: true,
            at: Self.at(900_000)
        )
        #expect(gathering.holds(Gathering.most - 1, since: Self.at(900_001), at: Self.at(900_001)))
        #expect(!gathering.holds(Gathering.most, since: Self.at(900_001), at: Self.at(900_001)))
        gathering.note(Self.step(writing: true), leads: true, at: Self.at(1_000_000))
        #expect(gathering.holds(1, since: Self.at(1_009_999), at: Self.at(1_009_999)))
        #expect(!gathering.holds(1, since: Self.at(1_010_000), at: Self.at(1_010_000)))
        // Writes that follow each other, of what others forward, put it off again and again.
        for write in 1...30 {
            gathering.note(
                Self.step(writing: true, flushed: true),
                leads: true,
                at: Self.at(1_000_000 + 1_000 * UInt64(write))
            )
        }
        #expect(gathering.holds(1, since: Self.at(1_029_000), at: Self.at(1_030_001)))
        #expect(!gathering.holds(1, since: Self.at(1_000_000), at: Self.at(1_030_001)))
        // Who leads no more proposes nothing.
        gathering.note(Self.step(writing: true), leads: false, at: Self.at(1_030_002))
        #expect(!gathering.holds(1, since: Self.at(1_030_003), at: Self.at(1_030_003)))
    }
}
