import InMemoryTracing
import TestSupport
import Testing
import Tracing

@testable import PaxosCore
@testable import ReplicatedLog

/// Spans around the calls of a node, where there is a tracer.
@Suite(.shared) struct CallTracingTests {
    @Test func callsHaveSpansBelowTheirCallers() async throws {
        let directory = try NodeDirectory()
        try await directory.create()
        let tracer = InMemoryTracer()
        try await withTracer(tracer) {
            try await running(try await directory.open()) { node in
                try await withSpan("request") { _ in
                    _ = try await node.append([1])
                    _ = try await node.append(contentsOf: [[1], [2]])
                    #expect(try await node.barrier() == 3)
                    _ = try await node.entries(in: 1...2)
                }
                await #expect(throws: AppendError.emptyBatch) {
                    _ = try await node.append(contentsOf: [])
                }
            }
        }
        let spans = tracer.finishedSpans
        let calls = spans.filter { $0.operationName.hasPrefix("replicated_log.") }
        #expect(
            calls.map(\.operationName) == [
                "replicated_log.append", "replicated_log.append", "replicated_log.barrier",
                "replicated_log.read",
            ]
        )
        let slots = calls.map { $0.attributes.get("replicated_log.slot") }
        #expect(slots == [.int64(1), .int64(2), .int64(3), .int64(2)])
        #expect(calls.allSatisfy { $0.kind == .client && $0.errors.isEmpty })
        #expect(calls.allSatisfy { $0.attributes.get("replicated_log.node") == .int64(1) })
        let request = try #require(spans.first { $0.operationName == "request" })
        #expect(calls.allSatisfy { $0.parentSpanID == request.spanID })
        #expect(tracer.activeSpans.isEmpty)
    }

    @Test func anErrorEndsASpan() async throws {
        let directory = try NodeDirectory()
        try await directory.create()
        let tracer = InMemoryTracer()
        let node = try await withTracer(tracer) { try await directory.open() }
        await node.close()
        await #expect(throws: AppendError.never(.closed)) { _ = try await node.append([1]) }
        await #expect(throws: BarrierError.closed) { _ = try await node.barrier() }
        await #expect(throws: ReadError.closed) { _ = try await node.entries(in: 1...1) }
        let spans = tracer.finishedSpans
        #expect(spans.count == 3 && tracer.activeSpans.isEmpty)
        #expect(spans.allSatisfy { $0.errors.count == 1 && $0.status?.code == .error })
    }

    /// Nothing was bootstrapped in this process.
    @Test func withoutATracerThereAreNone() async throws {
        let tracing = CallTracing(cluster: try ClusterID("tests"), node: 1)
        #expect(!tracing.begin(.append).isRecorded)
    }
}
