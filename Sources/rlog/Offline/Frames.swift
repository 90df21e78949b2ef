import ArgumentParser
import LogCommands
import LogWire
import PaxosCore
import Platform
import ReplicatedLog

/// `rlog frames`: what one side of a connection between two nodes has sent.
struct Frames: RlogCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Decode the raw bytes that one side of a peer connection sent, one line a message.",
        discussion: """
            The file begins where the connection did. A torn last frame is ignored; anything else that is \
            not what a node sends ends the output with status 1.
            """
    )

    @Argument(help: "A file with the bytes, without TLS.")
    var file: String

    @Flag(help: "Print JSON; it always does.")
    var json = false

    func execute() async throws(Failure) -> ExitStatus {
        let file = file
        let refusal = try await offPool { () throws(Failure) in try Self.decode(file) }.get()
        guard let refusal else { return .done }
        Output.complain("\(file) holds what no node sends: \(refusal.rawValue)")
        return .wrong
    }

    private static func decode(_ path: String) throws(Failure) -> PeerRefusal? {
        do throws(PosixError) {
            let file = try ReadOnlyFile(path: path)
            var sent = SentBytes()
            var offset: Int64 = 0
            while true {
                let piece = try file.read(at: offset, count: 1 << 20)
                if piece.isEmpty { return nil }
                offset += Int64(piece.count)
                if let refusal = sent.read(piece) { return refusal }
            }
        } catch {
            throw Failure(.refused, "unreadable", "\(error): check the path")
        }
    }
}

/// The bytes of one side, in pieces.
private struct SentBytes {
    private static func message(_ body: Span<UInt8>) throws(PeerRefusal) -> Envelope {
        guard let envelope = Envelope(decoding: body) else { throw .malformedMessage }
        return envelope
    }

    private var received = ReceivedBytes()
    private var isGreeted = false
    /// The tag is the other side's, which is not in the file; the first frame's must go on.
    private var frames = FrameReader(tag: nil, maxBodyBytes: 1 << 30)

    mutating func read(_ piece: [UInt8]) -> PeerRefusal? {
        var arrived = piece.span
        do throws(PeerRefusal) {
            if !isGreeted {
                guard let handshake = try received.next(from: &arrived, Handshake.look) else {
                    return nil
                }
                isGreeted = true
                Output.answer(.object(handshake.fields))
            }
            while let envelope = try frames.next(from: &arrived, Self.message) {
                Output.answer(.object(envelope.fields))
            }
            return nil
        } catch {
            return error
        }
    }
}

extension Handshake {
    fileprivate var fields: [(String, JSON)] {
        let (type, reason): (String, String?) =
            switch kind {
            case .greeting: ("greeting", nil)
            case .welcome: ("welcome", nil)
            case .refusal(let refusal): ("refusal", refusal.rawValue)
            }
        return [
            ("type", .string(type)), ("from", .unsigned(sender.node.rawValue)),
            ("to", .unsigned(destination.rawValue)), ("boot", .unsigned(sender.boot.rawValue)),
            ("ballot", .null), ("slots", .array([])), ("hashes", .array([])),
            ("cluster", .string(sender.cluster.name)),
            ("incarnation", .string(sender.incarnation.description)),
            ("reason", .optional(reason)),
            ("lane", .string(lane == .liveness ? "liveness" : "log")),
        ]
    }
}
