/// The bodies of phase 1:
///
///     message       bytes  what
///     prepare          16  ballot
///     promise          16  ballot
///                       8  committed slot
///                       8  trimmed slot
///                       8  highest slot accepted
///                       8  who has committed less lacks more than a window (`R85`)
///     page request     16  ballot
///                       8  first slot
///     page             16  ballot
///                       8  first slot asked for
///                       8  last slot reported on
///                     4+…  rows, as in Entry+Coding.swift
extension Prepare: Body {
    static let kind = MessageKind.prepare
    var byteCount: Int { Width.ballot }

    func append(to bytes: inout [UInt8]) { bytes.append(ballot: ballot) }

    init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot() else { return nil }
        self.init(ballot: ballot)
    }
}

extension Promise: Body {
    static let kind = MessageKind.promise
    var byteCount: Int { Width.ballot + 4 * Width.slot }

    func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(slot: committed)
        bytes.append(slot: trimmed)
        bytes.append(slot: last)
        bytes.append(slot: recent)
    }

    init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let committed = reader.slot(),
            let trimmed = reader.slot(), let last = reader.slot(), let recent = reader.slot()
        else { return nil }
        self.init(
            ballot: ballot,
            committed: committed,
            trimmed: trimmed,
            last: last,
            recent: recent
        )
    }
}

extension PageRequest: Body {
    static let kind = MessageKind.pageRequest
    var byteCount: Int { Width.ballot + Width.slot }

    func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(slot: from)
    }

    init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let from = reader.slot() else { return nil }
        self.init(ballot: ballot, from: from)
    }
}

extension PromisePage: Body {
    static let kind = MessageKind.page
    var byteCount: Int { Width.ballot + 2 * Width.slot + AcceptedEntry.byteCount(of: rows) }

    func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(slot: from)
        bytes.append(slot: through)
        AcceptedEntry.append(rows, to: &bytes)
    }

    init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let from = reader.slot(), let through = reader.slot(),
            let rows = AcceptedEntry.rows(from: &reader)
        else { return nil }
        self.init(ballot: ballot, from: from, through: through, rows: rows)
    }
}
