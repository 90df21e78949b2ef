internal import PaxosCore
#if Tracing
internal import Tracing
#endif

/// The calls around which there are spans.
enum TracedCall: String {
    case append, barrier, read

    var name: String { "replicated_log." + rawValue }
}

/// Makes spans around calls, if a tracer was bootstrapped when the node was opened and the trait `Tracing` is
/// enabled; else it makes none, and a call costs a comparison more.
struct CallTracing: Sendable {
    #if Tracing
    private let tracer: (any Tracer)?
    #endif
    private let cluster: ClusterID
    private let node: NodeID

    init(cluster: ClusterID, node: NodeID) {
        self.cluster = cluster
        self.node = node
        #if Tracing
        let tracer = InstrumentationSystem.tracer
        self.tracer = tracer is NoOpTracer ? nil : tracer
        #endif
    }

    /// Begins a span below the one that the caller's task is in, if there is one.
    @inline(__always)
    func begin(_ call: TracedCall) -> CallSpan {
        #if Tracing
        guard let tracer else { return CallSpan() }
        return begin(call, tracer)
        #else
        return CallSpan()
        #endif
    }

    #if Tracing
    @inline(never)
    private func begin(_ call: TracedCall, _ tracer: any Tracer) -> CallSpan {
        let span = tracer.startSpan(call.name, ofKind: .client)
        span.attributes["replicated_log.cluster"] = cluster.description
        span.attributes["replicated_log.node"] = Int64(clamping: node.rawValue)
        return CallSpan(span: span)
    }
    #endif
}

/// A span around a call, or none. To be ended once, on every way out.
struct CallSpan: Sendable {
    #if Tracing
    fileprivate var span: (any Span)?
    #endif

    /// True if there is one.
    var isRecorded: Bool {
        #if Tracing
        return span != nil
        #else
        return false
        #endif
    }

    /// The call has returned, and this is the slot that it was about.
    @inline(__always)
    func end(at slot: Slot) {
        #if Tracing
        guard let span else { return }
        span.attributes["replicated_log.slot"] = Int64(clamping: slot.rawValue)
        span.end()
        #endif
    }

    /// The call is about to throw the error, which is returned.
    func ended<Failure: Error>(by error: Failure) -> Failure {
        #if Tracing
        if let span {
            span.recordError(error)
            span.setStatus(SpanStatus(code: .error))
            span.end()
        }
        #endif
        return error
    }
}
