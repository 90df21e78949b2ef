/// The bytes of entries, in messages:
///
///     entry        bytes  what
///     command          1  1
///                     24  token
///                      4  index in its batch
///                      4  size of its batch, above the index
///                    4+n  payload
///     no-op            1  2
///     membership       1  3
///                   32+n  membership, as in Membership+Coding.swift
///     void             1  4
///                     24  token
///     conditional      1  5
///                     32  as of a command
///                      8  the slot in which alone it has effect, of a batch that of its first entry
///                    4+n  payload
///
///     run              8  first slot, 1 or above
///                      4  count of entries, 1 to 65,536
///                      …  entries, for adjoining slots
///
///     row              8  slot
///                     16  ballot under which it was accepted
///                      1  1 if it is known to be chosen
///                      …  entry
///
///     rows             4  count of rows
///                      …  rows
///
/// An entry can be of one byte and takes some fifty in memory: hence a limit on their count beside that
/// by the bytes at hand. It is what `Limits.pipelineSlots` may be at most. A row takes hardly more in
/// memory than on the wire.
///
/// The store's rows have the same kinds, and of each entry the same fields in the same order; but there the kind
/// stands apart, and a payload ends with the row.
package enum EntryKind {
    package static let command: UInt8 = 1
    package static let noop: UInt8 = 2
    package static let membership: UInt8 = 3
    package static let void: UInt8 = 4
    package static let conditional: UInt8 = 5
}

extension Entry {
    package var kind: UInt8 {
        switch self {
        case .command(let command):
            command.at == .zero ? EntryKind.command : EntryKind.conditional
        case .noop: EntryKind.noop
        case .membership: EntryKind.membership
        case .void: EntryKind.void
        }
    }

    static let smallestByteCount = 1

    var byteCount: Int {
        switch self {
        case .command(let command):
            Command.headBytes + command.conditionBytes + command.payload.count
        case .noop: 1
        case .membership(let membership): 1 + membership.byteCount
        case .void: 1 + Width.token
        }
    }

    func append(to bytes: inout [UInt8]) {
        switch self {
        case .command(let command):
            // The room is checked once for all of them.
            bytes.append(addingCapacity: Command.headBytes + command.conditionBytes) {
                command.appendHead(to: &$0)
            }
            bytes.append(contentsOf: command.payload)
        case .noop:
            bytes.append(kind)
        case .membership(let membership):
            bytes.append(kind)
            membership.append(to: &bytes)
        case .void(let token):
            bytes.append(kind)
            bytes.append(token: token)
        }
    }

    init?(from reader: inout ByteReader) {
        guard let kind = reader.uint8() else { return nil }
        self.init(kind, from: &reader) { $0.payload() }
    }

    /// What follows the kind, in messages and in stored rows.
    ///
    /// - Parameter payload: Takes the bytes of a payload, which end in their own way in either.
    package init?(
        _ kind: UInt8,
        from reader: inout ByteReader,
        payload: (inout ByteReader) -> [UInt8]?
    ) {
        switch kind {
        case EntryKind.command:
            guard let token = reader.token(), let index = reader.uint32(),
                let count = reader.uint32(), index < count, let bytes = payload(&reader)
            else { return nil }
            self = .command(Command(token: token, index: index, count: count, payload: bytes))
        case EntryKind.conditional:
            guard let token = reader.token(), let index = reader.uint32(),
                let count = reader.uint32(), index < count, let slot = reader.slot(),
                slot > .zero, slot < .limit, let bytes = payload(&reader)
            else { return nil }
            let command = Command(
                token: token,
                index: index,
                count: count,
                at: slot,
                payload: bytes
            )
            self = .command(command)
        case EntryKind.noop:
            self = .noop
        case EntryKind.membership:
            guard let membership = Membership(from: &reader) else { return nil }
            self = .membership(membership)
        case EntryKind.void:
            guard let token = reader.token() else { return nil }
            self = .void(token)
        default:
            return nil
        }
    }
}

extension Command {
    /// What stands before the bytes of a payload.
    fileprivate static let headBytes = 9 + Width.token + Width.payload

    /// What its condition takes, if it has one.
    package var conditionBytes: Int { at == .zero ? 0 : Width.slot }

    @inline(__always)
    fileprivate func appendHead(to output: inout OutputSpan<UInt8>) {
        let (node, boot, sequence, place) = numbers
        output.append(at == .zero ? EntryKind.command : EntryKind.conditional)
        output.append(littleEndian: node)
        output.append(littleEndian: boot)
        output.append(littleEndian: sequence)
        output.append(littleEndian: place)
        if at != .zero { output.append(littleEndian: at.rawValue) }
        output.append(littleEndian: UInt32(payload.count))
    }

    /// What is written of it before its payload, in this order: in messages and in the store's rows. The last is
    /// the index, and above it the size of the batch.
    package var numbers: (UInt64, UInt64, UInt64, UInt64) {
        let (node, boot, sequence) = token.numbers
        return (node, boot, sequence, UInt64(count) << 32 | UInt64(index))
    }
}

extension EntryRun {
    static let maximumEntries = 65_536
    /// First slot and count.
    static let headBytes = Width.slot + 4

    func append(to bytes: inout [UInt8]) {
        bytes.append(slot: first)
        bytes.append(littleEndian: UInt32(entries.count))
        for entry in entries { entry.append(to: &bytes) }
    }

    init?(from reader: inout ByteReader) {
        guard let first = reader.slot(), first > .zero,
            let count = reader.count32(
                ofSize: Entry.smallestByteCount,
                atMost: Self.maximumEntries
            ),
            count > 0, first.advanced(by: count) <= Slot.limit
        else { return nil }
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        for _ in 0..<count {
            guard let entry = Entry(from: &reader) else { return nil }
            entries.append(entry)
        }
        self.init(first: first, entries: entries)
    }
}

extension AcceptedEntry {
    static let smallestByteCount = Width.slot + Width.ballot + 1 + Entry.smallestByteCount

    var byteCount: Int { Width.slot + Width.ballot + 1 + entry.byteCount }

    func append(to bytes: inout [UInt8]) {
        bytes.append(slot: slot)
        bytes.append(ballot: ballot)
        bytes.append(flag: isChosen)
        entry.append(to: &bytes)
    }

    init?(from reader: inout ByteReader) {
        guard let slot = reader.slot(), let ballot = reader.ballot(), let isChosen = reader.flag(),
            let entry = Entry(from: &reader)
        else { return nil }
        self.init(slot: slot, ballot: ballot, entry: entry, isChosen: isChosen)
    }

    static func byteCount(of rows: [AcceptedEntry]) -> Int {
        rows.reduce(4) { $0 + $1.byteCount }
    }

    static func append(_ rows: [AcceptedEntry], to bytes: inout [UInt8]) {
        bytes.append(littleEndian: UInt32(rows.count))
        for row in rows { row.append(to: &bytes) }
    }

    static func rows(from reader: inout ByteReader) -> [AcceptedEntry]? {
        guard let count = reader.count32(ofSize: smallestByteCount, atMost: .max) else {
            return nil
        }
        var rows: [AcceptedEntry] = []
        rows.reserveCapacity(count)
        for _ in 0..<count {
            guard let row = AcceptedEntry(from: &reader) else { return nil }
            rows.append(row)
        }
        return rows
    }
}
