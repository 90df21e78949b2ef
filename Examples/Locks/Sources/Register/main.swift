import HTTPTypes
import Hummingbird
import Synchronization

// Register PORT
//
// A resource that a lock guards: a value that only the holder may write. It takes the word of nobody: each write shows
// the generation of its lock, and one that is older than any that was shown before is refused, whatever its sender
// believes to hold.
struct Register {
    var generation: UInt64 = 0
    var value = ""
}

let register = Mutex(Register())
let router = Router()
router.get("register") { _, _ in
    let now = register.withLock { $0 }
    return Response(
        status: .ok,
        headers: [.eTag: "\"\(now.generation)\""],
        body: ResponseBody(byteBuffer: ByteBuffer(string: now.value))
    )
}
router.put("register") { request, _ in
    guard let text = request.uri.queryParameters["generation"], let generation = UInt64(text) else {
        throw HTTPError(.badRequest, message: "generation=NUMBER is missing")
    }
    let body = try await request.body.collect(upTo: 1 << 16)
    let isTaken = register.withLock { register in
        guard generation >= register.generation else { return false }
        register = Register(generation: generation, value: String(buffer: body))
        return true
    }
    return Response(status: isTaken ? .ok : .preconditionFailed)
}
let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 8_090
let server = Application(
    router: router,
    configuration: .init(address: .hostname("127.0.0.1", port: port))
)
try await server.runService()
