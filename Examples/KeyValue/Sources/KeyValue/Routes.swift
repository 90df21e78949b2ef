import ExampleSupport
import Foundation
import HTTPTypes
import Hummingbird
import ReplicatedLog
import ReplicatedLogMachine

/// The service over HTTP: README.md says what each answers.
func addRoutes(of store: StateMachineHost<Store>, to router: Routes) {
    router.get("keys/:key") { request, context in
        let key = try context.parameters.require("key")
        let isStale = request.uri.queryParameters["stale"] != nil
        let (value, slot) = try await reached {
            try await store.read(isStale ? .local : .linearizable) { ($0.values[key], $1) }
        }
        let headers: HTTPFields = [.logSlot: "\(slot)", .eTag: "\"\(value?.version ?? 0)\""]
        let body = ResponseBody(byteBuffer: ByteBuffer(bytes: value?.data ?? Data()))
        return Response(status: value == nil ? .notFound : .ok, headers: headers, body: body)
    }
    router.put("keys/:key") { request, context in
        let body = try await request.body.collect(upTo: 1 << 19)
        return try await write(Data(body.readableBytesView), request, context, store)
    }
    router.delete("keys/:key") { request, context in
        try await write(nil, request, context, store)
    }
    router.get("watch/:key") { request, context in
        let key = try context.parameters.require("key")
        return events(of: store, to: request) {
            $0.values[key]
        } text: { value in
            guard let value else { return ("removed", "") }
            return ("put", String(decoding: value.data, as: UTF8.self))
        }
    }
}

/// Writes or removes what a request says, as far as its `If-Match` and `If-None-Match` allow.
private func write(
    _ data: Data?,
    _ request: Request,
    _ context: some RequestContext,
    _ store: StateMachineHost<Store>
) async throws -> Response {
    let key = try context.parameters.require("key")
    var expected: Slot? = request.headers[.ifNoneMatch] == "*" ? 0 : nil
    if let tag = request.headers[.ifMatch] {
        expected = Slot(tag.filter { $0 != "\"" })
        guard expected != nil else {
            throw HTTPError(.badRequest, message: "If-Match takes one ETag")
        }
    }
    let command = Store.Command(key: key, data: data, expected: expected)
    let result = try await reached { try await store.perform(command) }
    let headers: HTTPFields = [.eTag: "\"\(result.version ?? 0)\""]
    return Response(status: result.isApplied ? .ok : .preconditionFailed, headers: headers)
}
