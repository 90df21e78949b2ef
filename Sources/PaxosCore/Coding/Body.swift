/// What stands behind the head of an envelope: one message, whose kind the head names.
///
/// A body says how long it is before it is written, is written in one pass, and is read whole or not at
/// all. Bodies of a fixed length have no length of their own in the bytes; the others carry counts.
protocol Body {
    static var kind: MessageKind { get }
    var byteCount: Int { get }
    func append(to bytes: inout [UInt8])
    init?(from reader: inout ByteReader)
}

/// The number of a message on the wire, never used for another.
package enum MessageKind: UInt8, CaseIterable, Sendable {
    case hello = 0x01
    case refused = 0x02
    case challenge = 0x03
    case challengeAnswer = 0x04

    case statusRequest = 0x10
    case statusReply = 0x11
    case heartbeat = 0x12
    case heartbeatReply = 0x13
    case farewell = 0x14

    case prepare = 0x20
    case promise = 0x21
    case pageRequest = 0x22
    case page = 0x23

    case accept = 0x30
    case accepted = 0x31
    case reject = 0x32

    case commit = 0x40
    case catchUpRequest = 0x41
    case catchUp = 0x42

    case forward = 0x50
    case barrierRequest = 0x51
    case barrierReply = 0x52
    case forwardRefused = 0x53

    case probe = 0x60
    case probeReply = 0x61
}
