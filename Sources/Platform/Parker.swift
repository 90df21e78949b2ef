#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif
import Synchronization

/// Puts one thread to sleep until another wakes it, with a token so that no wake-up is lost: an
/// `unpark` before the `park` makes that `park` return at once. Tokens do not add up.
///
/// One consumer parks; any thread unparks. `unpark` costs one atomic exchange unless the consumer
/// is asleep. Asleep it waits on a condition variable: measured against a bare futex the round trip
/// of two threads differs by less than the noise, and this way is the same on Linux and Darwin and
/// understood by the thread sanitizer. Everything done before `unpark` is seen after the `park`
/// that takes its token.
package final class Parker: Sendable {
    private static let idle: UInt8 = 0
    private static let token: UInt8 = 1
    private static let parked: UInt8 = 2

    private let state = Atomic<UInt8>(Parker.idle)
    private let bed = Bed()

    package init() {}

    /// Leaves a token, and wakes the consumer if it sleeps.
    package func unpark() {
        if state.exchange(Parker.token, ordering: .acquiringAndReleasing) == Parker.parked {
            bed.wake()
        }
    }

    /// Sleeps until there is a token, and takes it.
    package func park() {
        guard !takeToken() else { return }
        bed.lock()
        if lieDown() {
            while state.load(ordering: .acquiring) == Parker.parked { bed.wait() }
        }
        bed.unlock()
        _ = takeToken()
    }

    /// Sleeps until there is a token, which it takes, or until the deadline has come.
    ///
    /// While the machine is suspended the sleep does not advance although `MonotonicClock` does, so
    /// a sleep across a suspend can end late by the time that was left when it began.
    ///
    /// - Returns: Whether a token was taken; false at the deadline.
    @discardableResult
    package func park(until deadline: MonotonicInstant) -> Bool {
        guard !takeToken() else { return true }
        bed.lock()
        if lieDown() {
            while state.load(ordering: .acquiring) == Parker.parked {
                let left = MonotonicClock.now().duration(to: deadline)
                guard left > .zero else { break }
                bed.wait(atMost: left)
            }
        }
        bed.unlock()
        // Out of bed either way: `parked` becomes `idle`, a token that came meanwhile is taken.
        return takeToken()
    }

    /// As `park(until:)`, for so long from now.
    @discardableResult
    package func park(timeout: Duration) -> Bool {
        park(until: MonotonicClock.now().advanced(by: timeout))
    }

    private func takeToken() -> Bool {
        state.exchange(Parker.idle, ordering: .acquiringAndReleasing) == Parker.token
    }

    /// Declares the consumer asleep, unless a token came first. With the bed's lock held, so that a
    /// wake-up cannot fall between the declaration and the sleep.
    private func lieDown() -> Bool {
        state.compareExchange(
            expected: Parker.idle,
            desired: Parker.parked,
            ordering: .acquiringAndReleasing
        ).exchanged
    }
}

/// A mutex and a condition variable at a fixed address, timed by the monotonic clock.
private final class Bed: @unchecked Sendable {
    // Unchecked: pthread's objects may be used from any thread, and the pointers never change.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        #if !canImport(Darwin)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        #endif
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func lock() { pthread_mutex_lock(mutex) }
    func unlock() { pthread_mutex_unlock(mutex) }
    func wait() { pthread_cond_wait(condition, mutex) }

    func wait(atMost duration: Duration) {
        #if canImport(Darwin)
        var time = Bed.time(nanoseconds: UInt64(duration.wholeNanoseconds))
        pthread_cond_timedwait_relative_np(condition, mutex, &time)
        #else
        let end = MonotonicClock.read(CLOCK_MONOTONIC).advanced(by: duration)
        var time = Bed.time(nanoseconds: end.nanoseconds)
        pthread_cond_timedwait(condition, mutex, &time)
        #endif
    }

    func wake() {
        // The empty critical section waits until a consumer that has just lain down sleeps indeed.
        pthread_mutex_lock(mutex)
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(condition)
    }

    private static func time(nanoseconds: UInt64) -> timespec {
        // 2^40 seconds, which every kernel turns into "for ever" without overflow.
        return timespec(
            tv_sec: Int(min(nanoseconds / 1_000_000_000, 1 << 40)),
            tv_nsec: Int(nanoseconds % 1_000_000_000)
        )
    }
}
