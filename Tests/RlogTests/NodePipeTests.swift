import Foundation
import LogCommands
import NodeProcesses
import Platform
import TestSupport
import Testing

@testable import rlog

/// Pipes of `rlog node` that are not as it would have them.
@Suite(.heavy, .serialized, .tags(.slow)) struct NodePipeTests {
    private static let append = #"{"op":"append","id":"a","payload":"x","timeout_ms":60000}"#

    private static func commits(_ node: RawNode) throws {
        try node.send([append])
        #expect(try node.reply().isCommitted)
    }

    /// Story: another process that shared the input had set it not to block, and the node took the first
    /// moment without a request for the end of its input.
    @Test func anInputThatDoesNotBlockIsNotAtItsEnd() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let node = try RawNode(try scratch.log(), isNonBlocking: true)
            #expect(try node.reply().event == "ready")
            for _ in 0..<20 { try Self.commits(node) }
            try node.endInput()
            node.process.waitUntilExit()
            #expect(node.process.terminationStatus == 0)
        }
    }

    /// Story: the thread that drives the node wrote its log lines, and stood still when nobody took them.
    @Test func aLogThatNobodyReadsStopsNothing() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let errors = Pipe()
            let writer = errors.fileHandleForWriting.fileDescriptor
            let flags = fcntl(writer, F_GETFL)
            try #require(fcntl(writer, F_SETFL, flags | O_NONBLOCK) == 0)
            let block = [UInt8](repeating: 10, count: 1 << 12)
            while write(writer, block, block.count) > 0 {}
            while write(writer, block, 1) > 0 {}
            try #require(fcntl(writer, F_SETFL, flags) == 0)
            let node = try RawNode(try scratch.log(), ["--log-level", "trace"], errors: errors)
            #expect(try node.reply().event == "ready")
            for _ in 0..<20 { try Self.commits(node) }
            try node.endInput()
            node.process.waitUntilExit()
            #expect(node.process.terminationReason == .exit)
            #expect(node.process.terminationStatus == 0)
            try errors.fileHandleForReading.close()
        }
    }

    /// Whoever goes while it waits takes no turn, and what others give comes to those who stay.
    @Test func aTurnIsNotWaitedForAfterACancellation() async {
        let turns = rlog.Turns(1)
        #expect(await turns.take())
        let gone = (0..<20).map { _ in Task { await turns.take() } }
        for task in gone { task.cancel() }
        for task in gone { #expect(await task.value == false) }
        let next = Task { await turns.take() }
        turns.give()
        #expect(await next.value)
        turns.give()
        #expect(await turns.take())
    }

    /// The waits of an end do not add up. Story: without a quorum it took 6.3 s, three waits of its own.
    @Test func anEndHasOneDeadline() {
        let begin = MonotonicClock.now()
        let clock = rlog.EndClock()
        let times = clock.begin(at: begin)
        let ends = [times.requests, times.shutdown, times.answers]
        #expect(begin < ends[0] && ends == ends.sorted())
        #expect(begin.duration(to: times.answers) == rlog.EndTimes.patience)
        #expect(rlog.EndTimes.patience <= .seconds(3))
        // Whoever comes to its next wait, or wants the end too, gets no other times.
        #expect(clock.begin(at: begin.advanced(by: .seconds(1))) == times)
        #expect(clock.begin(at: times.answers) == times)
    }

    /// A node whose store has failed ends within two seconds, whoever reads; the other ends have three.
    @Test func aFailedNodeWaitsLessForItsReader() {
        let now = MonotonicClock.now()
        let end = now.advanced(by: .seconds(3))
        func lastWord(_ failure: Failure?) -> Duration {
            now.duration(to: rlog.NodeProcess.lastWord(by: end, after: failure, now: now))
        }
        #expect(lastWord(nil) == .seconds(3))
        #expect(lastWord(Failure(.unavailable, "not_run", "")) == .seconds(3))
        let failed = Failure(.storageFailed, Failure.storeFailed, "")
        #expect(lastWord(failed) == rlog.NodeProcess.failurePatience)
        #expect(rlog.NodeProcess.failurePatience <= .seconds(1))
        // An end that was under way has no more time for it.
        let soon = now.advanced(by: .milliseconds(200))
        #expect(rlog.NodeProcess.lastWord(by: soon, after: failed, now: now) == soon)
    }
}
