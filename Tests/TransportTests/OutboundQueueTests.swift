import PaxosCore
import ReplicatedLog
import TestSupport
import Testing

/// Two lanes, each bounded; what is urgent comes first, and what is dropped is counted.
@Suite(.shared) struct OutboundQueueTests {
    private static let cost = Messages.log(0).byteCount + MemoryLayout<Envelope>.stride

    private static func queue(log messages: Int) -> OutboundQueue {
        var bounds = OutboundQueue.Bounds()
        bounds.logBytes = messages * cost
        bounds.livenessBytes =
            3 * (Messages.liveness(0).byteCount + MemoryLayout<Envelope>.stride)
        return OutboundQueue(bounds: bounds)
    }

    @Test func livenessComesFirstAndEachLaneInOrder() {
        var queue = Self.queue(log: 10)
        for number in 0..<3 { queue.append(Messages.log(number)) }
        for number in 0..<2 { queue.append(Messages.liveness(number)) }
        var order: [Envelope] = []
        while let next = queue.popFirst() { order.append(next) }
        #expect(order == (0..<2).map(Messages.liveness) + (0..<3).map(Messages.log))
        #expect(queue.isEmpty)
    }

    @Test func aFullLogLaneDropsTheNewest() {
        var queue = Self.queue(log: 4)
        let taken = (0..<6).map { queue.append(Messages.log($0)) }
        #expect(taken == [true, true, true, true, false, false])
        #expect(queue.counters.droppedLog == 2)
        #expect(queue.counters.droppedBytes == 2 * Self.cost)
        let isUrgentTaken = queue.append(Messages.liveness(0))
        #expect(isUrgentTaken)
        let expected = [Messages.liveness(0)] + (0..<4).map(Messages.log)
        let batch = queue.popBatch(maxBytes: .max)
        #expect(batch == expected)
        #expect(queue.byteCount(in: .log) == 0)
        let isNextTaken = queue.append(Messages.log(7))
        #expect(isNextTaken)
    }

    @Test func aFullLivenessLaneDropsTheOldest() {
        var queue = Self.queue(log: 4)
        let taken = (0..<5).map { queue.append(Messages.liveness($0)) }
        #expect(!taken.contains(false))
        #expect(queue.counters.droppedLiveness == 2)
        let batch = queue.popBatch(maxBytes: 0)
        #expect(batch == (2..<5).map(Messages.liveness))
        #expect(queue.byteCount(in: .liveness) == 0)
    }

    @Test func anEmptyLaneTakesWhatIsLargerThanItsBound() {
        var queue = Self.queue(log: 4)
        let large = Messages.log(0, bytes: 1 << 20)
        let isLargeTaken = queue.append(large)
        #expect(isLargeTaken)
        let isSmallTaken = queue.append(Messages.log(1))
        #expect(!isSmallTaken)
        let first = queue.popFirst()
        #expect(first == large)
        let isNextTaken = queue.append(Messages.log(1))
        #expect(isNextTaken)
    }

    @Test func aBatchHoldsOneMessageAtLeastAndNoMoreThanFits() {
        var queue = Self.queue(log: 10)
        for number in 0..<5 { queue.append(Messages.log(number)) }
        let one = queue.popBatch(maxBytes: 1)
        #expect(one == [Messages.log(0)])
        let two = queue.popBatch(maxBytes: 2 * Self.cost)
        #expect(two == [Messages.log(1), Messages.log(2)])
        #expect(queue.count == 2)
        queue.removeAll()
        let none = queue.popBatch(maxBytes: .max)
        #expect(none.isEmpty)
        #expect(queue.counters.dropped == 0)
    }

    @Test func theLimitOfAFrameHoldsTheLargestMessage() {
        let limits = Limits()
        let whole = (0..<limits.pipelineSlots).map { number in
            let token = Token(node: 1, boot: Boot(1), sequence: UInt64(number))
            let payload = [UInt8](repeating: 1, count: limits.pipelineBytes / limits.pipelineSlots)
            return Entry.command(Command(token: token, payload: payload))
        }
        #expect(Messages.accept(1, whole).byteCount <= limits.maxEnvelopeBytes)
        #expect(OutboundQueue.Bounds().logBytes == 2 * limits.pipelineBytes)
    }
}
