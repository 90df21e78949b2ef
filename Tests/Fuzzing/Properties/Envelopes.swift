internal import PaxosCore

/// Messages. Nothing in them is a checksum; the first bit of the form puts a right head in front of the
/// bytes, of the kind that the first of them chooses, so that they are a body.
enum Envelopes {
    static func check(_ input: inout Input) throws(Violation) -> Bool {
        let bytes = input.mends ? behindHead(input.bytes) : input.bytes
        guard let envelope = Envelope(decoding: bytes) else { return false }
        try require(envelope.byteCount == bytes.count, "a message of another length than it says")
        try require(envelope.encoded() == bytes, "a message is written as another than was read")
        try require(envelope.message.kind.rawValue == bytes[2], "a message of another kind")
        for end in [bytes.count - 1, input.below(bytes.count)] {
            try require(
                Envelope(decoding: Array(bytes[..<end])) == nil,
                "\(end) bytes of \(bytes.count) are a message too"
            )
        }
        try require(Envelope(decoding: bytes + [0]) == nil, "a message with a byte too many")
        return true
    }

    private static let head: [UInt8] = {
        let prepare = Message.statement(.prepare(Prepare(ballot: .zero)))
        let envelope = Envelope(sender: Connections.peer, destination: 1, message: prepare)
        return envelope.encoded().dropLast(16)
    }()

    private static func behindHead(_ bytes: [UInt8]) -> [UInt8] {
        let kinds = MessageKind.allCases
        var head = head
        head[2] = kinds[Int(bytes.first ?? 0) % kinds.count].rawValue
        return head + bytes.dropFirst()
    }
}
