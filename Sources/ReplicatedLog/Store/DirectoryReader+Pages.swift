internal import LMDB
package import PaxosCore

/// Reading past damage in the pages themselves, which LMDB's own cursors may not survive.
extension DirectoryReader {
    /// The highest slot with a row; 0 if there is none, or if the way to it is damaged.
    func highestSlot() throws(LogOpenError) -> UInt64 {
        let tree = try PageTree(path: Schema.dataPath(in: path))
        do throws(PageTree.Damage) {
            let name = Array(Schema.accepted.utf8)
            guard let table = try tree.tables().first(where: { $0.name == name }),
                let key = try tree.highestKey(of: table.record)
            else { return 0 }
            return Page(bytes: key).uint64(0) ?? 0
        } catch {
            return 0
        }
    }

    /// Calls `body` with each row of the range in slot order, until it answers false. A page that is
    /// damaged is told to `damaged`, in words, and the rows behind it are left out.
    package func scanRows(
        in slots: ClosedRange<Slot> = .first ... .limit,
        damaged: (String) -> Void = { _ in },
        _ body: (StoredRow) -> Bool
    ) throws(LogOpenError) {
        let coding = RowCoding(cluster: identity.cluster)
        try scan(Schema.accepted, in: slots, damaged: damaged) { slot, value in
            let row = value.withUnsafeBytes { coding.decode($0, slot: slot) }
            return body(row.map { .row($0, bytes: value.count) } ?? .unreadable(slot))
        }
    }

    /// The slots of the table of those without effect.
    package func scanIneffective(damaged: (String) -> Void) throws(LogOpenError) -> [Slot] {
        var found: [Slot] = []
        try scan(Schema.ineffective, in: .zero ... .limit, damaged: damaged) { slot, _ in
            found.append(slot)
            return true
        }
        return found
    }

    private func scan(
        _ name: String,
        in slots: ClosedRange<Slot>,
        damaged: (String) -> Void,
        _ body: (Slot, [UInt8]) -> Bool
    ) throws(LogOpenError) {
        let path = Schema.dataPath(in: path)
        let tree = try PageTree(path: path)
        let record: PageTree.Record?
        do throws(PageTree.Damage) {
            record = try tree.tables().first { $0.name == Array(name.utf8) }?.record
        } catch {
            throw .corrupt(path: path, detail: error.description)
        }
        guard let record else { return }
        var start: [UInt8] = []
        start.append(littleEndian: slots.lowerBound.rawValue)
        tree.walk(
            record,
            order: .number,
            from: start,
            damaged: { damaged($0.description) }
        ) { key, value in
            let slot = Slot(rawValue: Page(bytes: key).uint64(0) ?? 0)
            return slot <= slots.upperBound && body(slot, value)
        }
    }
}

extension PageTree.Damage: CustomStringConvertible {
    var description: String { "page \(page): \(what)" }
}
