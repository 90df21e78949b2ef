/// The bodies of the messages by which members meet:
///
///     message  bytes  what
///     hello        2  1 if it asks for an answer | 1 if it holds the recipient's node
///               0/32  whom it holds: incarnation high | low | boot | nonce
///                 1  1 if it proves a process
///              0/24  proof: boot | nonce | write number of the next opening
///                 …  terms
///     refused      1  1 another incarnation, 2 rolled back, 3 a twin
///                 1  1 if it holds a process of the recipient's directory
///              0/32  which: incarnation high | low | boot | nonce
///     challenge    8  id
///     challenge answer
///                  8  id of the challenge
///
/// Terms are
///
///     founding u64 | era u64 | newest membership's slot u64 | that membership | payload u64 |
///     batch entries u64 | batch bytes u64 | pipeline slots u64 | pipeline bytes u64 | page u64
extension Hello: Body {
    static let kind = MessageKind.hello
    var byteCount: Int {
        2 + (holds == nil ? 0 : Width.presence) + 1 + (proof == nil ? 0 : 24)
            + terms.byteCount
    }

    func append(to bytes: inout [UInt8]) {
        bytes.append(flag: asks)
        bytes.append(flag: holds != nil)
        if let holds { bytes.append(presence: holds) }
        bytes.append(flag: proof != nil)
        if let proof {
            bytes.append(littleEndian: proof.process.boot.rawValue)
            bytes.append(littleEndian: proof.process.nonce.rawValue)
            bytes.append(littleEndian: proof.next.rawValue)
        }
        terms.append(to: &bytes)
    }

    init?(from reader: inout ByteReader) {
        guard let asks = reader.flag(), let isHeld = reader.flag() else { return nil }
        let holds = isHeld ? reader.presence() : nil
        guard isHeld == (holds != nil), let isProven = reader.flag() else { return nil }
        let proof = isProven ? Proof(from: &reader) : nil
        guard isProven == (proof != nil), let terms = Terms(from: &reader) else { return nil }
        self.init(asks: asks, holds: holds, terms: terms, proof: proof)
    }
}

extension Proof {
    fileprivate init?(from reader: inout ByteReader) {
        guard let boot = reader.uint64(), let nonce = reader.uint64(), let next = reader.uint64()
        else { return nil }
        self.init(
            process: ProcessID(boot: Boot(boot), nonce: Nonce(nonce)),
            next: WriteNumber(next)
        )
    }
}

extension Challenge: Body {
    static let kind = MessageKind.challenge
    var byteCount: Int { 8 }

    func append(to bytes: inout [UInt8]) { bytes.append(littleEndian: id) }

    init?(from reader: inout ByteReader) {
        guard let id = reader.uint64() else { return nil }
        self.init(id: id)
    }
}

extension ChallengeAnswer: Body {
    static let kind = MessageKind.challengeAnswer
    var byteCount: Int { 8 }

    func append(to bytes: inout [UInt8]) { bytes.append(littleEndian: id) }

    init?(from reader: inout ByteReader) {
        guard let id = reader.uint64() else { return nil }
        self.init(id: id)
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
    var byteCount: Int { holds == nil ? 2 : 2 + Width.presence }

    func append(to bytes: inout [UInt8]) {
        let number: UInt8 =
            switch reason {
            case .otherIncarnation: 1
            case .rolledBack: 2
            case .twin: 3
            }
        bytes.append(number)
        bytes.append(flag: holds != nil)
        if let holds { bytes.append(presence: holds) }
    }

    init?(from reader: inout ByteReader) {
        let reason: Reason
        switch reader.uint8() {
        case 1: reason = .otherIncarnation
        case 2: reason = .rolledBack
        case 3: reason = .twin
        default: return nil
        }
        guard let isHeld = reader.flag() else { return nil }
        let holds = isHeld ? reader.presence() : nil
        guard isHeld == (holds != nil) else { return nil }
        self.init(reason: reason, holds: holds)
    }
}
