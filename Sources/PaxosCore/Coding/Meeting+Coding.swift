/// The bodies of the messages by which members meet:
///
///     message  bytes  what
///     hello        2  1 if it asks for an answer | 1 if it holds the recipient's node
///               0/32  whom it holds: incarnation high | low | boot | nonce
///                 …  terms
///     refused      1  1 another incarnation, 2 rolled back, 3 a twin
///
/// Terms are
///
///     founding u64 | era u64 | newest membership's slot u64 | that membership | payload u64 |
///     batch entries u64 | batch bytes u64 | pipeline slots u64 | pipeline bytes u64 | page u64
extension Hello: Body {
    static let kind = MessageKind.hello
    var byteCount: Int { 2 + (holds == nil ? 0 : Width.presence) + terms.byteCount }

    func append(to bytes: inout [UInt8]) {
        bytes.append(flag: asks)
        bytes.append(flag: holds != nil)
        if let holds { bytes.append(presence: holds) }
        terms.append(to: &bytes)
    }

    init?(from reader: inout ByteReader) {
        guard let asks = reader.flag(), let isHeld = reader.flag() else { return nil }
        let holds = isHeld ? reader.presence() : nil
        guard isHeld == (holds != nil), let terms = Terms(from: &reader) else { return nil }
        self.init(asks: asks, holds: holds, terms: terms)
    }
}

extension Terms {
    var byteCount: Int { 2 * 8 + Width.slot + membership.byteCount + Shape.byteCount }

    func append(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: founding)
        bytes.append(littleEndian: era)
        bytes.append(slot: newest)
        membership.append(to: &bytes)
        shape.append(to: &bytes)
    }

    init?(from reader: inout ByteReader) {
        guard let founding = reader.uint64(), let era = reader.uint64(),
            let newest = reader.slot(), let membership = Membership(from: &reader),
            let shape = Shape(from: &reader)
        else { return nil }
        self.init(
            founding: founding,
            era: era,
            newest: newest,
            membership: membership,
            shape: shape
        )
    }
}

extension Shape {
    package static let byteCount = 6 * 8

    package func append(to bytes: inout [UInt8]) {
        for field in fields { bytes.append(littleEndian: UInt64(field.value)) }
    }

    package init?(from reader: inout ByteReader) {
        var values: [Int] = []
        for _ in 0..<6 {
            guard let value = reader.uint64().flatMap({ Int(exactly: $0) }) else { return nil }
            values.append(value)
        }
        self.init(
            maxPayloadBytes: values[0],
            batchEntries: values[1],
            batchBytes: values[2],
            pipelineSlots: values[3],
            pipelineBytes: values[4],
            pageBytes: values[5]
        )
    }
}

extension Refused: Body {
    static let kind = MessageKind.refused
    var byteCount: Int { 1 }

    func append(to bytes: inout [UInt8]) {
        let number: UInt8 =
            switch reason {
            case .otherIncarnation: 1
            case .rolledBack: 2
            case .twin: 3
            }
        bytes.append(number)
    }

    init?(from reader: inout ByteReader) {
        switch reader.uint8() {
        case 1: self.init(reason: .otherIncarnation)
        case 2: self.init(reason: .rolledBack)
        case 3: self.init(reason: .twin)
        default: return nil
        }
    }
}
