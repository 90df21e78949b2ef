import NodeProcesses
import TestSupport
import Testing

/// A short form of the crash-recovery suite: real processes for a few seconds.
@Suite(.longest, .tags(.slow)) struct CrashSuiteTests {
    /// A schedule with kills, pauses and cut links in its first seconds.
    @Test func aClusterThatIsBrokenForSomeSecondsIsRight() throws {
        let result = try BuiltProgram(
            BuiltProgram.path("crash-suite"),
            ["--seconds", "7", "--seed", "2", "--data", ".build/test-data/crash-suite"]
        ).wait()
        #expect(result.status == 0, "\(result.output)")
        // The command that replays the run, before anything that it did.
        #expect(result.output.hasPrefix("crash-suite --seed 2 --seconds 7 "))
        #expect(result.output.contains("5 of 7 s, "))
        #expect(result.output.contains(", wrong 0\n"))
        #expect(result.output.contains(#/acknowledged [1-9]/#))
        #expect(result.output.contains(#/kill [1-9]/#))
    }
}
