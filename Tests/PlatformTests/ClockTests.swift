@testable import Platform
import TestSupport
import Testing

@Suite(.shared) struct ClockTests {
    @Test func neverGoesBack() {
        var before = MonotonicClock.now()
        for _ in 0..<10_000 {
            let after = MonotonicClock.now()
            #expect(after >= before)
            before = after
        }
    }

    #if os(Linux)
    @Test func countsTheSecondsOfTheMachineSinceItsStartSleepIncluded() throws {
        // /proc/uptime is CLOCK_BOOTTIME in hundredths of a second.
        let text = try readText("/proc/uptime")
        let uptime = try #require(Double(text.prefix { $0 != " " }))
        let now = Double(MonotonicClock.now().nanoseconds) / 1e9
        #expect(now >= uptime - 0.011)
        #expect(now < uptime + 60)
    }
    #endif

    @Test func movesAndMeasuresBothWaysAndStaysInRange() {
        let instant = MonotonicInstant(nanoseconds: 1000)
        #expect(instant.advanced(by: .nanoseconds(5)).nanoseconds == 1005)
        #expect(instant.advanced(by: .nanoseconds(-5)).nanoseconds == 995)
        #expect(instant.advanced(by: .seconds(-1)).nanoseconds == 0)
        let last = MonotonicInstant(nanoseconds: .max)
        #expect(last.advanced(by: .nanoseconds(1)) == last)
        #expect(instant.duration(to: instant.advanced(by: .seconds(2))) == .seconds(2))
        #expect(instant.advanced(by: .seconds(2)).duration(to: instant) == .seconds(-2))
    }

    @Test func durationsInNanoseconds() {
        #expect(Duration.milliseconds(-1500).wholeNanoseconds == -1_500_000_000)
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
        #expect(Duration.seconds(Int64.min + 1).wholeNanoseconds == .min)
    }

    @Test func randomNumbersDiffer() {
        #expect(Set((0..<1000).map { _ in SystemRandom.uint64() }).count == 1000)
        #expect(SystemRandom.bytes(count: 0).isEmpty)
        #expect(SystemRandom.bytes(count: 16) != SystemRandom.bytes(count: 16))
    }

    @Test func usageGrowsWithWorkAndMemory() throws {
        let before = ProcessUsage.now()
        var pages = [UInt8](repeating: 1, count: 256 << 20)
        for round in 0..<8 {
            for page in stride(from: 0, to: pages.count, by: 4096) { pages[page] &+= UInt8(round) }
        }
        let after = ProcessUsage.now()
        #expect(pages[4096] != 1)
        #expect(
            after.userSeconds + after.systemSeconds > before.userSeconds + before.systemSeconds
        )
        #if os(Linux)
        let old = try #require(before.anonymousResidentBytes)
        let new = try #require(after.anonymousResidentBytes)
        // Other tests of the process come and go meanwhile, with less than the rest.
        #expect(new > old + (64 << 20))
        #endif
    }

    #if os(Linux)
    @Test func readsTheLineOfStatus() {
        let text = "Name:\tx\nRssAnon:\t    1234 kB\nRssFile:\t 9 kB\n"
        #expect(ProcessUsage.anonymousResident(inStatus: text) == 1234 * 1024)
        #expect(ProcessUsage.anonymousResident(inStatus: "RssAnon:\t12 MB\n") == nil)
        #expect(ProcessUsage.anonymousResident(inStatus: "") == nil)
    }
    #endif
}
