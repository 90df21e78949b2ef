/// The bodies of phase 2:
///
///     message   bytes  what
///     accept       16  ballot
///                   8  committed slot: the commit notice
///                12+…  run of entries, as in Entry+Coding.swift
///     accepted     16  ballot
///                  16  slots, first and last, durable under exactly this ballot (`R14`, `R18`)
///     reject       16  refused ballot
///                  16  promised ballot (`R25`)
///                   8  committed slot
///                   1  1 promised a higher ballot, 2 full, 3 committed
extension Accept: Body {
    static let kind = MessageKind.accept
    var byteCount: Int { Width.ballot + Width.slot + run.byteCount }

    func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(slot: committed)
        run.append(to: &bytes)
    }

    init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let committed = reader.slot(),
            let run = EntryRun(from: &reader)
        else { return nil }
        self.init(ballot: ballot, run: run, committed: committed)
    }
}

extension Accepted: Body {
    static let kind = MessageKind.accepted
    var byteCount: Int { Width.ballot + Width.slots }

    func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(slots: slots)
    }

    init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let slots = reader.slots() else { return nil }
        self.init(ballot: ballot, slots: slots)
    }
}

extension Reject: Body {
    static let kind = MessageKind.reject
    var byteCount: Int { 2 * Width.ballot + Width.slot + 1 }

    func append(to bytes: inout [UInt8]) {
        let number: UInt8 =
            switch reason {
            case .promised: 1
            case .full: 2
            case .committed: 3
            }
        bytes.append(ballot: ballot)
        bytes.append(ballot: promised)
        bytes.append(slot: committed)
        bytes.append(number)
    }

    init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let promised = reader.ballot(),
            let committed = reader.slot(), let number = reader.uint8(),
            let reason = Reason(number: number)
        else { return nil }
        self.init(ballot: ballot, promised: promised, committed: committed, reason: reason)
    }
}

extension Reject.Reason {
    fileprivate init?(number: UInt8) {
        switch number {
        case 1: self = .promised
        case 2: self = .full
        case 3: self = .committed
        default: return nil
        }
    }
}
