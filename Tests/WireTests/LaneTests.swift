@testable import PaxosCore
import Testing

/// What an election takes does not wait behind what the log takes (`R61`).
@Suite struct LaneTests {
    @Test(arguments: Samples.messages)
    func everyMessageHasItsLane(_ name: String, _ message: Message) {
        let urgent = [
            "hello", "hello-holds", "refused", "status-request", "status-reply",
            "status-reply-no-leader", "heartbeat", "heartbeat-full", "heartbeat-reply", "farewell",
            "farewell-next", "prepare", "promise", "challenge", "challenge-answer",
            "transfer-request",
        ]
        let envelope = Samples.envelope(message)
        #expect(envelope.lane == (urgent.contains(name) ? .liveness : .log))
    }

    @Test func whatIsUrgentIsSmall() {
        for (_, message) in Samples.messages where Samples.envelope(message).lane == .liveness {
            #expect(Samples.envelope(message).byteCount < 320)
        }
    }

    @Test func anEnvelopeSaysWhereItGoes() {
        let envelope = Samples.envelope(.statement(.prepare(Prepare(ballot: Samples.ballot))))
        #expect(envelope.source == 2)
        #expect(envelope.destination == 1)
        #expect(envelope.description == "prepare n2 -> n1")
    }
}
