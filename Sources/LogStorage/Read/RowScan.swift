internal import LMDB
internal import LogWire
internal import PaxosCore

/// Reads the rows of a range, bounded in bytes. A row takes its length on disk, so that a page of
/// no-ops is bounded too.
///
/// What is not what was written is met in its place: a row with a wrong checksum, a slot that must have a
/// row and has none, a page that cannot be followed. The rows before it are given out, and nothing
/// behind it: the next page begins there and is refused.
struct RowScan<Row: ScannedRow> {
    let slots: ClosedRange<Slot>
    let maxBytes: Int
    private let extent: LogExtent
    private var rows: [Row] = []
    private var bytes = 0
    private var through: Slot
    private var ineffective: [Slot] = []
    /// The first slot that is not what was written, or, of a row that is, whose effect cannot be told.
    private(set) var unreadable: Slot?
    private(set) var isOfEffect = false
    /// The lowest slot not looked at yet.
    private var next: Slot

    init(_ request: ReadQueue.Request, extent: LogExtent) {
        slots = request.slots
        maxBytes = request.maxBytes
        self.extent = extent
        through = slots.upperBound
        next = slots.lowerBound
    }

    /// What was read; nil if not even the first slot can be told.
    var page: Row.Page? {
        guard let unreadable else {
            return Row.page(of: rows, through: through, ineffective: ineffective)
        }
        guard unreadable > slots.lowerBound else { return nil }
        return Row.page(
            of: rows.filter { $0.slot < unreadable },
            through: unreadable.previous,
            ineffective: ineffective.filter { $0 < unreadable }
        )
    }

    /// Through which slot it was read.
    var end: Slot? {
        guard let unreadable else { return through }
        return unreadable > slots.lowerBound ? unreadable.previous : nil
    }

    /// How many rows were met that are what was written.
    var count: Int { rows.count }

    mutating func read(
        _ tree: PageTree,
        _ coding: RowCoding,
        _ ineffectiveCoding: IneffectiveCoding?
    ) {
        guard let tables = try? tree.tables() else { return note(next) }
        func table(_ name: String) -> TableRecord? {
            tables.first { $0.name == Array(name.utf8) }?.record
        }
        guard let accepted = table(Schema.accepted) else { return note(next) }
        readRows(tree, accepted, coding)
        guard let ineffectiveCoding else { return }
        guard let ineffective = table(Schema.ineffective) else {
            return note(slots.lowerBound, isOfEffect: true)
        }
        readIneffective(tree, ineffective, ineffectiveCoding)
    }

    /// Nothing of it can be read.
    mutating func noteAll() { note(slots.lowerBound) }

    private mutating func note(_ slot: Slot, isOfEffect: Bool = false) {
        if let unreadable, unreadable <= slot { return }
        unreadable = slot
        self.isOfEffect = isOfEffect
    }

    /// The lowest slot from here on that must have a row.
    private var expected: Slot? {
        let slot = max(next, extent.trimmed.next)
        return slot <= min(through, extent.present) ? slot : nil
    }

    private mutating func readRows(
        _ tree: PageTree,
        _ table: TableRecord,
        _ coding: RowCoding
    ) {
        var isDamaged = false
        tree.walkPages(
            table,
            order: .number,
            from: .number(slots.lowerBound.rawValue),
            damaged: { _ in
                isDamaged = true
                return false
            }
        ) { key, page, place in
            guard case .number(let number) = key, number <= slots.upperBound.rawValue else {
                return false
            }
            let slot = Slot(rawValue: number)
            if let expected, expected < slot { return false }
            guard Row.take(page.bytes, place, of: slot, coding, into: &rows) else {
                isDamaged = true
                next = slot
                return false
            }
            bytes += place.count
            next = slot.next
            guard bytes < maxBytes else {
                through = slot
                return false
            }
            return slot < slots.upperBound
        }
        if let slot = expected ?? (isDamaged ? next : nil) { note(slot) }
    }

    private mutating func readIneffective(
        _ tree: PageTree,
        _ table: TableRecord,
        _ coding: IneffectiveCoding
    ) {
        let first = slots.lowerBound
        /// The row met last, and whether what follows it is known.
        var last: Slot?
        var isKnown = false
        tree.walk(
            table,
            order: .number,
            from: .number(first.rawValue),
            damaged: { _ in
                isKnown = false
                return false
            }
        ) { key, row in
            guard case .number(let number) = key,
                let previous = coding.end(before: row, of: Slot(rawValue: number))?.slot,
                last.map({ $0 == previous }) ?? (previous < first)
            else {
                isKnown = false
                return false
            }
            isKnown = true
            let slot = Slot(rawValue: number)
            // The first row beyond tells that none before it is missing.
            guard slot <= through else { return false }
            ineffective.append(slot)
            last = slot
            // Unless it is the last of all.
            isKnown = slot >= extent.ineffective
            return true
        }
        // Whether what comes after has an effect is not known.
        let after = last?.next ?? first
        if !isKnown, last != nil || extent.ineffective >= first, after <= through {
            note(after, isOfEffect: true)
        }
    }
}

/// What is made of a row that is what was written.
protocol ScannedRow: Sendable {
    associatedtype Page: Sendable

    var slot: Slot { get }

    /// Takes the row that lies in a place of a page; false if it is not what was written in the slot.
    static func take(
        _ page: [UInt8],
        _ place: Range<Int>,
        of slot: Slot,
        _ coding: RowCoding,
        into rows: inout [Self]
    ) -> Bool

    static func page(of rows: [Self], through: Slot, ineffective: [Slot]) -> Page
}

extension AcceptedEntry: ScannedRow {
    static func take(
        _ page: [UInt8],
        _ place: Range<Int>,
        of slot: Slot,
        _ coding: RowCoding,
        into rows: inout [AcceptedEntry]
    ) -> Bool {
        let row = page.withUnsafeBytes { bytes in
            coding.decode(UnsafeRawBufferPointer(rebasing: bytes[place]), slot: slot)
        }
        guard let row else { return false }
        rows.append(row)
        return true
    }

    static func page(of rows: [AcceptedEntry], through: Slot, ineffective: [Slot]) -> RowPage {
        RowPage(rows: rows, through: through, ineffective: ineffective)
    }
}

extension HeldPayload: ScannedRow {
    static func take(
        _ page: [UInt8],
        _ place: Range<Int>,
        of slot: Slot,
        _ coding: RowCoding,
        into rows: inout [HeldPayload]
    ) -> Bool {
        let found = page.withUnsafeBytes { bytes in
            coding.payloadPlace(in: UnsafeRawBufferPointer(rebasing: bytes[place]), slot: slot)
        }
        switch found {
        case .damaged: return false
        case .noCommand: return true
        case .place(let inside):
            let first = place.lowerBound + inside.lowerBound
            rows.append(
                HeldPayload(slot: slot, page: page, place: first..<first + inside.count)
            )
            return true
        }
    }

    static func page(of rows: [HeldPayload], through: Slot, ineffective: [Slot]) -> PayloadPage {
        PayloadPage(payloads: rows, through: through, ineffective: ineffective)
    }
}
