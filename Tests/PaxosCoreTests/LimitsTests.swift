import PaxosCore
import Testing

@Suite struct LimitsTests {
    @Test func theDefaultsMakeSense() throws {
        let limits = try Limits().validated()
        #expect(limits.maxBatchEntries == 8192)
        #expect(limits.maxBatchBytes == 4 << 20)
        #expect(2 * limits.checkpointSlots + limits.pipelineSlots <= 100_000)
    }

    private static func refused(_ change: (inout Limits) -> Void) -> String? {
        var limits = Limits()
        change(&limits)
        do {
            _ = try limits.validated()
            return nil
        } catch {
            return error.name
        }
    }

    @Test(arguments: [0, -1, Int.min])
    func nothingIsLessThanOne(_ value: Int) {
        #expect(Self.refused { $0.maxPayloadBytes = value } == "maxPayloadBytes")
        #expect(Self.refused { $0.pipelineSlots = value } == "pipelineSlots")
        #expect(Self.refused { $0.pipelineBytes = value } == "pipelineBytes")
        #expect(Self.refused { $0.pageBytes = value } == "pageBytes")
        #expect(Self.refused { $0.inboxAppends = value } == "inboxAppends")
        #expect(Self.refused { $0.inboxBytes = value } == "inboxBytes")
        #expect(Self.refused { $0.tailBytes = value } == "tailBytes")
        #expect(Self.refused { $0.checkpointSlots = value } == "checkpointSlots")
    }

    @Test func noTimeIsLessThanAMillisecond() {
        for time in [Duration.zero, .milliseconds(-1), .microseconds(999), .seconds(Int64.min)] {
            #expect(Self.refused { $0.appendTimeout = time } == "appendTimeout")
            #expect(Self.refused { $0.shutdownTimeout = time } == "shutdownTimeout")
            #expect(Self.refused { $0.heartbeatInterval = time } == "heartbeatInterval")
            #expect(Self.refused { $0.electionTimeout = time } == "electionTimeout")
        }
        #expect(Self.refused { $0.electionTimeout = .milliseconds(150) } == nil)
        #expect(Self.refused { $0.electionTimeout = .milliseconds(149) } == "electionTimeout")
        #expect(Self.refused { $0.appendTimeout = .seconds(Int64.max) } == nil)
    }

    /// What is written is what is counted, whole ticks of it and never none.
    @Test func timesAreCountedInTicks() {
        var limits = Limits()
        #expect(limits.heartbeatTicks == Limits.ticks(in: limits.heartbeatInterval))
        #expect(limits.electionTicks == Limits.ticks(in: limits.electionTimeout))
        limits.heartbeatInterval = .milliseconds(39)
        limits.electionTimeout = .seconds(1.5)
        #expect(limits.heartbeatTicks == 3)
        #expect(limits.electionTicks == 150)
        limits.heartbeatInterval = .milliseconds(1)
        limits.electionTimeout = .milliseconds(3)
        #expect(limits.heartbeatTicks == 1)
        #expect(limits.electionTicks == 3)
        limits.electionTimeout = .seconds(Int64.max)
        #expect(limits.electionTicks == 100 << 40)
        #expect(Limits.ticks(in: .seconds(-1)) == 0)
    }

    @Test func eachBoundIsExact() {
        #expect(Self.refused { $0.pipelineSlots = 1 } == "pipelineSlots")
        #expect(Self.refused { $0.pipelineSlots = 2 } == nil)
        #expect(Self.refused { $0.pipelineSlots = 65_537 } == "pipelineSlots")
        #expect(Self.refused { $0.pipelineSlots = .max } == "pipelineSlots")
        #expect(Self.refused { $0.pipelineBytes = 128 << 20 } == nil)
        #expect(Self.refused { $0.pipelineBytes = (128 << 20) + 1 } == "pipelineBytes")
        #expect(Self.refused { $0.checkpointSlots = 41_808 } == nil)
        #expect(Self.refused { $0.checkpointSlots = 41_809 } == "checkpointSlots")
        #expect(Self.refused { $0.checkpointSlots = .max } == "checkpointSlots")
        #expect(Self.refused { $0.maxPayloadBytes = 4 << 20 } == nil)
        #expect(Self.refused { $0.maxPayloadBytes = (4 << 20) + 1 } == "maxPayloadBytes")
        #expect(Self.refused { $0.inboxBytes = 1 << 20 } == nil)
        #expect(Self.refused { $0.inboxBytes = (1 << 20) - 1 } == "maxPayloadBytes")
    }

    /// However few slots there are, one payload is a batch.
    @Test func theSmallestPipelineTakesABatchOfOne() throws {
        var limits = Limits()
        limits.pipelineSlots = 2
        #expect(try limits.validated().maxBatchEntries == 1)
    }
}
