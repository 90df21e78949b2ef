import Platform
import TestSupport
import Testing

@Suite(.shared) struct ParkerTests {
    @Test func aTokenLeftBeforeIsNotLost() {
        let parker = Parker()
        parker.unpark()
        parker.park()
    }

    @Test func tokensDoNotAddUp() {
        let parker = Parker()
        parker.unpark()
        parker.unpark()
        #expect(parker.park(until: MonotonicInstant(nanoseconds: 0)))
        #expect(!parker.park(until: MonotonicInstant(nanoseconds: 0)))
    }

    @Test func aDeadlineEndsASleepAndNotBeforeItsTime() {
        let parker = Parker()
        let deadline = MonotonicClock.now().advanced(by: .milliseconds(5))
        #expect(!parker.park(until: deadline))
        #expect(MonotonicClock.now() >= deadline)
        // The consumer is out of bed: a token now is for the next sleep.
        parker.unpark()
        #expect(parker.park(timeout: .seconds(60)))
    }

    @Test func aTokenEndsALongSleep() throws {
        let parker = Parker()
        let asleep = Parker()
        let thread = try PinnedThread(name: "waker") {
            asleep.park()
            parker.unpark()
        }
        asleep.unpark()
        #expect(parker.park(until: MonotonicInstant(nanoseconds: .max)))
        thread.join()
    }

    /// Two threads hand a counter to and fro; a lost wake-up would hang, a missing ordering would
    /// be found by the thread sanitizer, because the counter has no lock.
    @Test func noWakeUpIsLostInPingPong() throws {
        final class Ball: @unchecked Sendable { var count = 0 }
        let (ball, ping, pong) = (Ball(), Parker(), Parker())
        let rounds = 5000
        let thread = try PinnedThread(name: "pong") {
            for _ in 0..<rounds {
                ping.park()
                ball.count += 1
                pong.unpark()
            }
        }
        for round in 0..<rounds {
            ball.count += 1
            ping.unpark()
            if round.isMultiple(of: 2) {
                pong.park()
            } else {
                while !pong.park(timeout: .microseconds(30)) {}
            }
        }
        thread.join()
        #expect(ball.count == 2 * rounds)
    }

    /// An inbox as the store's: many producers, one consumer that sleeps only when it is empty.
    @Test func manyProducersOneConsumer() throws {
        let (producers, each) = (4, 2000)
        let inbox = Locked(0)
        let parker = Parker()
        let threads = try (0..<producers).map { number in
            try PinnedThread(name: "producer \(number)") {
                for _ in 0..<each {
                    inbox.withLock { $0 += 1 }
                    parker.unpark()
                }
            }
        }
        var taken = 0
        while taken < producers * each {
            let some = inbox.withLock { count in
                defer { count = 0 }
                return count
            }
            if some == 0 { parker.park() }
            taken += some
        }
        for thread in threads { thread.join() }
        #expect(taken == producers * each)
    }
}
