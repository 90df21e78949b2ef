import ExampleSupport
import HTTPTypes
import Hummingbird
import ReplicatedLog
import ReplicatedLogMachine

/// The service over HTTP: README.md says what each answers.
func addRoutes(of table: StateMachineHost<LockTable>, to router: Routes) {
    router.post("sessions") { request, _ in
        let lease = try seconds("lease", of: request, within: 1...3_600) ?? 10_000
        return try await perform(.open(lease: lease), on: table)
    }
    router.put("sessions/:session") { _, context in
        try await perform(.extend(session: try slot("session", of: context)), on: table)
    }
    router.delete("sessions/:session") { _, context in
        try await perform(.close(session: try slot("session", of: context)), on: table)
    }
    router.put("locks/:lock") { request, context in
        let name = try context.parameters.require("lock")
        let delay = try seconds("delay", of: request, within: 0...60) ?? 5_000
        let session = try session(of: request)
        return try await perform(.take(lock: name, session: session, delay: delay), on: table)
    }
    router.delete("locks/:lock") { request, context in
        let name = try context.parameters.require("lock")
        let session = try session(of: request)
        return try await perform(.release(lock: name, session: session), on: table)
    }
    // What a third party asks that is shown a sequencer.
    router.get("sequencers/:lock/:generation") { _, context in
        let name = try context.parameters.require("lock")
        let generation = try slot("generation", of: context)
        let lock = try await reached { try await table.read { $0.locks[name] } }
        let isHeld = lock?.holder != nil && lock?.generation == generation
        return Response(status: isHeld ? .ok : .conflict)
    }
    router.get("watch/:lock") { request, context in
        let name = try context.parameters.require("lock")
        return events(of: table, to: request) {
            $0.locks[name]
        } text: { lock in
            guard let lock else { return ("free", "") }
            return (lock.holder == nil ? "free" : "held", "\(lock.generation)")
        }
    }
}

private func perform(
    _ command: LockTable.Command,
    on table: StateMachineHost<LockTable>
) async throws -> Response {
    switch try await reached({ try await table.perform(command) }) {
    case .session(let id, let lease):
        answer(.ok, "{\"session\":\(id),\"lease\":\(lease / 1_000)}")
    case .taken(let generation): answer(.ok, "{\"generation\":\(generation)}")
    case .done: answer(.ok, "{}")
    case .held(let isDelayed): answer(.conflict, "{\"held\":true,\"delayed\":\(isDelayed)}")
    case .notHeld: answer(.conflict, "{\"held\":false}")
    case .noSession: answer(.gone, "{}")
    }
}

private func answer(_ status: HTTPResponse.Status, _ text: String) -> Response {
    let body = ResponseBody(byteBuffer: ByteBuffer(string: text + "\n"))
    return Response(status: status, headers: [.contentType: "application/json"], body: body)
}

private func slot(_ name: String, of context: some RequestContext) throws -> Slot {
    guard let slot = Slot(try context.parameters.require(name)) else {
        throw HTTPError(.badRequest, message: "\(name) is a number")
    }
    return slot
}

private func session(of request: Request) throws -> Slot {
    guard let text = request.uri.queryParameters["session"], let slot = Slot(String(text)) else {
        throw HTTPError(.badRequest, message: "session=NUMBER is missing")
    }
    return slot
}

/// In milliseconds; `nil` if the request does not say.
private func seconds(
    _ name: Substring,
    of request: Request,
    within range: ClosedRange<UInt64>
) throws -> LockTable.Time? {
    guard let text = request.uri.queryParameters[name] else { return nil }
    guard let seconds = UInt64(text), range.contains(seconds) else {
        throw HTTPError(.badRequest, message: "\(name) is \(range) in seconds")
    }
    return seconds * 1_000
}
