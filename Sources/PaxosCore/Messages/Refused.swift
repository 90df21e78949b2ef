/// The sender of the answered message does not count here, and why. Never answered.
///
///     bytes  what
///         1  1 another incarnation, 2 rolled back, 3 a twin
///         1  1 if it holds a process of the recipient's directory
///      0/32  which: incarnation high | low | boot | nonce
package struct Refused {
    package typealias Reason = RefusedPeer.Reason

    package let reason: Reason
    /// Who of the recipient's directory counts here, if one of its processes does.
    package let holds: Presence?

    package init(reason: Reason, holds: Presence? = nil) {
        self.reason = reason
        self.holds = holds
    }
}

extension Refused: MessageBody {
    package static let kind = MessageKind.refused
    package static let lane = Lane.liveness
    package var message: Message { .immediate(.refused(self)) }

    package var byteCount: Int { holds == nil ? 2 : 2 + Width.presence }

    package func append(to bytes: inout [UInt8]) {
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

    package init?(from reader: inout ByteReader) {
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

    package func tell(_ facts: inout some MessageFacts) { facts.tell("reason", reason.rawValue) }

    package func text(_ name: (Entry) -> String) -> String { "refused \(reason)" }
}
