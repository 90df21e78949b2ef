/// The bodies of the messages of learning:
///
///     message           bytes  what
///     commit               16  ballot
///                           8  committed slot
///     catch-up request     16  slots, first and last
///     catch-up              8  first slot
///                           8  committed slot of the answering node
///                         4+…  rows, as in Entry+Coding.swift
extension CommitNotice: Body {
    static let kind = MessageKind.commit
    var byteCount: Int { Width.ballot + Width.slot }

    func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(slot: committed)
    }

    init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let committed = reader.slot() else { return nil }
        self.init(ballot: ballot, committed: committed)
    }
}

extension CatchUpRequest: Body {
    static let kind = MessageKind.catchUpRequest
    var byteCount: Int { Width.slots }

    func append(to bytes: inout [UInt8]) { bytes.append(slots: slots) }

    init?(from reader: inout ByteReader) {
        guard let slots = reader.slots() else { return nil }
        self.init(slots: slots)
    }
}

extension CatchUp: Body {
    static let kind = MessageKind.catchUp
    var byteCount: Int { 2 * Width.slot + AcceptedEntry.byteCount(of: rows) }

    func append(to bytes: inout [UInt8]) {
        bytes.append(slot: from)
        bytes.append(slot: committed)
        AcceptedEntry.append(rows, to: &bytes)
    }

    init?(from reader: inout ByteReader) {
        guard let from = reader.slot(), let committed = reader.slot(),
            let rows = AcceptedEntry.rows(from: &reader)
        else { return nil }
        self.init(from: from, rows: rows, committed: committed)
    }
}
