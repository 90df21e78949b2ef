public import HTTPTypes
public import Hummingbird
import ReplicatedLog
public import ReplicatedLogMachine
import ServiceLifecycle

// swift-format-ignore: NeverForceUnwrap
extension HTTPField.Name {
    /// The slot through which a state was applied that was read.
    public static let logSlot = Self("Log-Slot")!
    /// The token of an append whose outcome is not known.
    public static let logToken = Self("Log-Token")!
    /// The last event of a stream that was seen before.
    public static let lastEventID = Self("Last-Event-ID")!
}

/// What the log refuses as the status of a response: 503 if there was no effect and never will be, 504 if that is not
/// known, or not what it was.
public func reached<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch PerformError.unknown(let token, let reason) {
        throw HTTPError(
            .gatewayTimeout,
            headers: [.logToken: "\(token)"],
            message: "\(reason)"
        )
    } catch PerformError.appliedElsewhere(let slot, _) {
        throw HTTPError(.gatewayTimeout, headers: [.logSlot: "\(slot)"], message: "applied")
    } catch {
        throw HTTPError(.serviceUnavailable, message: "\(error)")
    }
}

/// Something of a state as server-sent events, until the client is gone or the process ends: the present value first,
/// then each change.
///
/// The id of an event is the slot through which it tells: whoever comes back with it as `Last-Event-ID`, to whichever
/// member, is told nothing older.
public func events<Machine: ReplicatedStateMachine, Value: Equatable & Sendable>(
    of host: StateMachineHost<Machine>,
    to request: Request,
    _ body: @escaping @Sendable (Machine) -> Value,
    text: @escaping @Sendable (Value) -> (event: String, data: String)
) -> Response {
    let last = request.headers[.lastEventID].flatMap(Slot.init) ?? .zero
    return Response(
        status: .ok,
        headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
        body: ResponseBody { writer in
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                let changes = host.changes(from: last, of: body)
                for try await change in changes.cancelOnGracefulShutdown() {
                    let (event, data) = text(change.value)
                    let lines = data.split(separator: "\n", omittingEmptySubsequences: false)
                        .map { "data: \($0)\n" }.joined()
                    let message = "id: \(change.slot)\nevent: \(event)\n\(lines)\n"
                    try await writer.write(ByteBuffer(string: message))
                }
            }
            try await writer.finish(nil)
        }
    )
}

extension Routes {
    /// `health`, `ready` and `metrics`.
    func addStatus(
        of host: StateMachineHost<some ReplicatedStateMachine>,
        _ metrics: Exposition
    ) {
        get("health") { _, _ in
            let isHealthy = host.node.status.health == .healthy
            return Response(status: isHealthy ? .ok : .serviceUnavailable)
        }
        get("ready") { _, _ in
            // Whoever is sent requests knows a leader, and has applied what it knows to be committed, or almost.
            let status = host.node.status
            let lag = status.committedSlot.count(after: host.status.appliedSlot)
            let isReady = status.leader != nil && lag < 1_000
            return Response(status: isReady ? .ok : .serviceUnavailable)
        }
        get("metrics") { _, _ in metrics.text }
    }
}
