import CrashHistory
import Foundation
import NodeProcesses
import Testing

@testable import crash_suite

/// What a subscriber of the crash-recovery suite takes for right.
@Suite struct SubscriberTests {
    private static func told(_ lines: [String]) throws -> (subscriber: Subscriber, wrong: [String])
    {
        let recorder = Recorder()
        let subscriber = Subscriber("s", recorder)
        for line in lines {
            subscriber.take(try JSONDecoder().decode(Reply.self, from: Data(line.utf8)))
        }
        return (subscriber, recorder.reports)
    }

    private static func entry(_ slot: UInt64) -> String {
        #"{"id":"s","event":"entry","slot":\#(slot),"payload_base64":"YQ==","previous":0}"#
    }

    private static func progress(_ slot: UInt64) -> String {
        #"{"id":"s","event":"progress","through":\#(slot)}"#
    }

    /// Story: slots without effect at the end of a log were a fault of the run, so that a leader killed at the
    /// right moment failed it; and the next start asked for them again.
    @Test func slotsWithoutEffectAreNoFault() throws {
        let (subscriber, wrong) = try Self.told([
            Self.entry(1), Self.progress(3), Self.entry(5), Self.progress(6),
            #"{"id":"s","error":"closed"}"#,
        ])
        #expect(wrong == [])
        #expect(subscriber.through == 6)
        #expect(subscriber.log.entries.map(\.slot) == [1, 5])
    }

    @Test func whatGoesBackIsAFault() throws {
        #expect(try Self.told([Self.progress(3), Self.entry(3)]).wrong.count == 1)
        #expect(try Self.told([Self.entry(3), Self.progress(3)]).wrong.count == 1)
        #expect(try Self.told([Self.entry(3), Self.entry(2)]).wrong.count == 1)
        let gap = #"{"id":"s","event":"gap","through":4,"reason":"trimmed"}"#
        #expect(try Self.told([gap]).wrong.count == 1)
    }
}
