/// The bodies of the messages by which members meet:
///
///     message  bytes  what
///     hello        1  1 if it asks for an answer
///     refused      1  1 another incarnation, 2 rolled back, 3 a twin
extension Hello: Body {
    static let kind = MessageKind.hello
    var byteCount: Int { 1 }

    func append(to bytes: inout [UInt8]) { bytes.append(flag: asks) }

    init?(from reader: inout ByteReader) {
        guard let asks = reader.flag() else { return nil }
        self.init(asks: asks)
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
