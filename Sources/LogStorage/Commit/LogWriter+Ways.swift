internal import LMDB
internal import LogWire
internal import PaxosCore
internal import Platform

/// What a transaction is about to follow, looked at before LMDB does (PageTree+Writing.swift).
extension LogWriter {
    /// Whether the rows take the usual ways alone, those to the ends of the tables, and these were looked at a
    /// moment ago. What has come between was written by this thread.
    func isTrusted(_ rows: WriteRows, _ trim: Trim?, _ need: Need) -> Bool {
        // Pages in a row are looked for in more of the list of free pages.
        !need.hasLargeRows && trim?.baseBytes ?? 0 < room.pageSize / 4 && rows.checkpoint == nil
            && rows.ineffective.isEmpty
            // The record of so many pages that are free then is longer than a page.
            && trim?.bytes ?? 0 < 128 * room.pageSize
            && rows.prunesBelow == nil && rows.base == nil
            && rows.accepted.allSatisfy { $0.run.first.rawValue > highest }
            && MonotonicClock.now() < trustedUntil
    }

    /// What LMDB must not follow. Nothing is written then, and the node ends: what it promised is in those
    /// pages.
    mutating func damage(
        onTheWayOf rows: WriteRows,
        _ trim: Trim?,
        _ sweep: Sweep?
    ) -> StoreFailure? {
        let now = MonotonicClock.now()
        if !isNoted { note() }
        let trim = deletes(trim) ? trim : nil
        // What a trim deletes was read for it, page by page, and nothing was written since.
        let gone = sweep?.slots ?? trim.map { $0.through...$0.through }
        var slots = rows.ineffective + (gone.map { [$0.lowerBound, $0.upperBound] } ?? [])
        if trim != nil { slots.append(trimmed.next) }
        let range = slots.min().flatMap { low in slots.max().map { low...$0 } }
        do throws(PageTree.Damage) {
            let state = try file.newest(isAtRest: true)
            guard state == written else {
                throw PageTree.Damage(page: state.transaction % 2, what: "a meta page")
            }
            var tree = PageTree(file: file, state: state)
            tree.reached = trim?.reached ?? PagesReached()
            try tree.checkWays(
                to: (rows.accepted.map(\.run.slots) + (gone.map { [$0] } ?? []))
                    .below(Slot(rawValue: highest)),
                ineffective: range,
                deletes: gone != nil,
                ends: .init(
                    accepted: trimmed.rawValue < highest || leftFrom != nil ? highest : 0,
                    ineffective: ineffective.slot.rawValue
                )
            )
            trustedUntil = now.advanced(by: Self.trust)
            return nil
        } catch {
            return failure(of: error)
        }
    }

    /// The same of what a trim takes beside the usual ways.
    func damage(onTheWayOf trim: Trim?) -> StoreFailure? {
        guard let trim, deletes(trim) else { return nil }
        do throws(PageTree.Damage) {
            try PageTree(file: file, state: try file.newest(isAtRest: true))
                .checkWays(behind: trim.through, ineffective: trimmed.next...trim.through)
            return nil
        } catch {
            return failure(of: error)
        }
    }

    /// Where rows below the trim point are left, a trim deletes none.
    private func deletes(_ trim: Trim?) -> Bool { trim != nil && leftFrom == nil }

    private func failure(of damage: PageTree.Damage) -> StoreFailure {
        damage.cause.map { StoreFailure(PosixError($0)) }
            ?? StoreFailure(damage: "\(file.path) is damaged, \(damage)")
    }
}

extension StoreFailure {
    fileprivate init(damage: String) {
        self.init(operation: "check", code: LMDBError.corrupted.code, detail: damage)
    }
}
