/// The bodies of the messages by which members meet:
///
///     message  bytes  what
///     hello     2/34  1 if it asks for an answer | 1 if it holds the recipient's node, and then whom:
///                     incarnation high | low | boot | nonce
///     refused      1  1 another incarnation, 2 rolled back, 3 a twin
extension Hello: Body {
    static let kind = MessageKind.hello
    var byteCount: Int { holds == nil ? 2 : 2 + Width.presence }

    func append(to bytes: inout [UInt8]) {
        bytes.append(flag: asks)
        bytes.append(flag: holds != nil)
        if let holds { bytes.append(presence: holds) }
    }

    init?(from reader: inout ByteReader) {
        guard let asks = reader.flag(), let isHeld = reader.flag() else { return nil }
        let holds = isHeld ? reader.presence() : nil
        guard isHeld == (holds != nil) else { return nil }
        self.init(asks: asks, holds: holds)
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
