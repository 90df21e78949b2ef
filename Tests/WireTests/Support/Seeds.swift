import DecoderProperties
import LogWire
import PaxosCore
import Testing

/// Whole inputs for each decoder, of the golden files where there are some: what a fuzzer begins with.
enum Seeds {
    /// The first byte of an input, as in Tests/Fuzzing/Properties/Input.swift.
    private enum Form {
        static let asIs: UInt8 = 0
        static let mended: UInt8 = 1
        static let answer: UInt8 = 2
        static let known: UInt8 = 2
        static let placed: UInt8 = 4
    }

    static func inputs(of decoder: Decoder) throws -> [(name: String, input: [UInt8])] {
        switch decoder {
        case .frame: try frames()
        case .envelope: try Samples.messages.map { ($0.name, [0, 0, 0] + (try golden($0.name))) }
        case .handshake:
            try ["greeting", "refusal-of-a-cluster"].flatMap { name in
                try both(name, golden(name), bits: 0)
            }
        case .connection: try connections()
        case .row: rows()
        case .state: try states()
        }
    }

    private static func golden(_ name: String) throws -> [UInt8] {
        Golden.parse(try #require(Golden.text(name), "no golden file \(name)"))
    }

    private static func both(
        _ name: String,
        _ bytes: [UInt8],
        bits: UInt8
    ) -> [(name: String, input: [UInt8])] {
        [
            (name, [bits | Form.asIs, 0, 0] + bytes),
            (name + "-mended", [bits | Form.mended, 0, 1] + bytes),
        ]
    }

    // MARK: - The wire

    private static func frames() throws -> [(name: String, input: [UInt8])] {
        let two = try golden("frames")
        return both("two", two, bits: 0) + both("two-of-a-known-tag", two, bits: Form.known)
            + both("two-placed", two, bits: Form.placed)
    }

    private static func connections() throws -> [(name: String, input: [UInt8])] {
        let stream = try golden("greeting") + golden("frames")
        let greeting = OutboundSession(local: Samples.sender, peer: 1, tag: 0x2222_2222_2222_2222)
        let greeted = Connection().with { connection in
            try? connection.inbound.nextOfAnyone(greeting.greeting)
        }
        guard case .welcomed(_, _, let welcome) = greeted else {
            Issue.record("no welcome")
            return []
        }
        return both("greeting-and-frames", stream, bits: 0)
            + both("greeting-and-frames-placed", stream, bits: Form.placed)
            + both("welcome", welcome, bits: Form.answer)
            + both("welcome-placed", welcome, bits: Form.answer | Form.placed)
    }

    // MARK: - The store

    private static let cluster = Samples.cluster("orders")

    private static func rows() -> [(name: String, input: [UInt8])] {
        Samples.rows.enumerated().flatMap { index, row in
            var bytes = [UInt8](repeating: 0, count: 8 + RowCoding.byteCount(of: row.entry))
            var slot: [UInt8] = []
            slot.append(littleEndian: row.slot.rawValue)
            bytes.replaceSubrange(..<8, with: slot)
            bytes.withUnsafeMutableBytes { bytes in
                RowCoding(cluster: cluster).encode(
                    row.entry,
                    ballot: Samples.ballot,
                    isChosen: row.isChosen,
                    slot: row.slot,
                    into: UnsafeMutableRawBufferPointer(rebasing: bytes[8...])
                )
            }
            return both("\(index + 1)", bytes, bits: 0)
        }
    }

    private static func states() throws -> [(name: String, input: [UInt8])] {
        let coding = StateCoding(cluster: cluster)
        var inputs: [(name: String, input: [UInt8])] = []
        for (index, name) in StateName.allCases.enumerated() {
            let sealed =
                switch name {
                case .promised: coding.seal(Samples.ballot, name)
                case .checkpoint: coding.seal(try golden("checkpoint"), name)
                case .base: coding.seal(try golden("base"), name)
                case .cursors: coding.seal(try golden("cursors"), name)
                case .peers: coding.seal(try golden("peers"), name)
                case .lineage: coding.seal(Opening.encoded(Samples.openings), name)
                case .latch: coding.seal(RolledBack.encoded(Samples.rolledBack), name)
                case .lastRound, .boot, .committed, .trimmed, .left: coding.seal(7, name)
                }
            inputs += both(name.rawValue, sealed, bits: UInt8(index) << 1)
        }
        let identity = DirectoryIdentity(
            formatVersion: Schema.formatVersion,
            cluster: cluster,
            node: 2,
            incarnation: Samples.sender.incarnation,
            membership: Samples.membership([1, 2, 4], .sized(phase1: 2, phase2: 2)),
            shape: Limits().shape,
            writeOffset: 7,
            secret: .init(first: 1, second: .max)
        )
        let last = UInt8(StateName.allCases.count) << 1
        return inputs + both("identity", identity.storedBytes, bits: last)
    }
}

extension Connection {
    fileprivate func with<Value>(_ body: (inout Connection) -> Value) -> Value {
        var copy = self
        return body(&copy)
    }
}
