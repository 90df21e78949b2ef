import PaxosCore
import ReplicatedLog
import ReplicatedLogTCP
import TestSupport
import Testing

/// What a leader sends to every member is encoded once, and each gets its own head.
@Suite(.shared) struct SharedBodyTests {
    @Test func anAcceptIsEncodedOnceForAllPeers() async throws {
        let cluster = Cluster()
        let leader = try await Member(1, of: cluster)
        let followers = [try await Member(2, of: cluster), try await Member(3, of: cluster)]
        for follower in followers { #expect(await leader.reaches(follower)) }
        let count = 50
        var sent: [[Envelope]] = [[], []]
        for number in 0..<count {
            let one = leader.message(number, bytes: 1_000, to: 2)
            let head = leader.message(number, to: 3).head
            let both = [one, Envelope(head: head, message: one.message)]
            leader.transport.send(both)
            for (place, envelope) in both.enumerated() { sent[place].append(envelope) }
        }
        for (place, follower) in followers.enumerated() {
            let expected = sent[place]
            // But for what found out that it can be reached.
            let isThere = await eventually {
                follower.received.filter { $0.byteCount > 1_000 } == expected
            }
            #expect(isThere)
        }
        #expect(leader.transport.encodedBodies == count)
        await cluster.stop()
    }
}
