import PaxosCore

/// Consumers of the members, each with a cursor, and members that trim by themselves.
///
/// A consumer confirms what its member has delivered. On the disk its cursor may stand earlier, and never later than it
/// has confirmed; and no row is gone that a cursor on the same disk has not passed, unless a call was told to go
/// past it, or a base stands for it.
extension World {
    /// In most of the worlds whose logs are trimmed, from a generator of its own.
    func drawCursors(seed: UInt64) {
        guard trimRandom != nil else { return }
        var random = SeededGenerator(seed: seed ^ 0x6375_7273)
        guard random.below(4) > 0 else { return }
        let names = (0...random.below(2)).compactMap { try? CursorName("c\($0)") }
        var policy = TrimPolicy()
        if random.oneIn(2) { policy = .keeping(entries: random.within(1...60)) }
        cursors = WorldCursors(random: random, names: names, policy: policy)
    }

    /// What of its log each member keeps by itself.
    var policy: TrimPolicy { cursors?.policy ?? TrimPolicy() }

    /// Some consumers have come farther, and some of them ask for something.
    func moveCursors() {
        guard var random = cursors?.random, let names = cursors?.names else { return }
        defer { cursors?.random = random }
        for node in nodes where random.oneIn(2) && !node.isTwin && !node.isCopy {
            guard let process = node.process, !process.hasClosed else { continue }
            for name in names { move(name, of: node, process, &random) }
            schedule(node)
        }
    }

    private func move(
        _ name: CursorName,
        of node: SimulatedNode,
        _ process: SimulatedProcess,
        _ random: inout SeededGenerator
    ) {
        let delivered = process.core.delivered
        guard let held = process.core.status.cursors.first(where: { $0.record.name == name })
        else {
            let kept = process.core.status.trimmed
            guard delivered >= kept else { return }
            let start = kept.advanced(by: random.below(delivered.count(after: kept) + 1))
            node.consumers[name] = max(node.consumers[name] ?? .zero, start)
            return ask(name, .open(start), of: process)
        }
        switch random.below(10) {
        case 0: ask(name, .flush, of: process)
        case 1 where random.oneIn(3):
            node.isCursorRemoved = true
            ask(name, .remove, of: process)
        case 2: break
        default:
            let new = delivered.count(after: held.record.slot)
            guard new > 0 else { return }
            let slot = held.record.slot.advanced(by: random.within(1...new))
            node.consumers[name] = max(node.consumers[name] ?? .zero, slot)
            let record = CursorRecord(name: name, slot: slot)
            process.confirmed.append(CursorMove(record: record, cursor: held.id))
        }
    }

    private func ask(
        _ name: CursorName,
        _ change: CursorRequest.Change,
        of process: SimulatedProcess
    ) {
        var caller = Callers.Caller(
            append: nil,
            count: 0,
            deadline: .never,
            floor: ledger.acknowledged
        )
        caller.cursor = (name, change)
        process.cursors.append(
            CursorRequest(
                waiter: process.callers.add(caller),
                name: name,
                change: change,
                deadline: .never
            )
        )
    }

    // MARK: - Checks

    /// What a caller is told of a cursor is on the disk.
    func check(
        cursor slot: Slot?,
        of caller: Callers.Caller,
        _ node: SimulatedNode
    ) throws(Violation) {
        guard let (name, change) = caller.cursor else {
            throw Violation(.reply, "\(node.id) tells of a cursor who did not ask")
        }
        guard let slot, change != .remove, !node.isCopy else { return }
        let found = node.store.disk.cursors.first { $0.name == name }
        try demand(
            found.map { $0.slot >= slot } ?? node.isCursorRemoved,
            .cursor,
            "\(node.id) says that \(name) stands at \(slot); its disk holds "
                + (found.map { "\($0.slot)" } ?? "none")
        )
    }

    /// A transaction is on the disk.
    func checkCursors(of node: SimulatedNode) throws(Violation) {
        guard cursors != nil, !node.isTwin, !node.isCopy else { return }
        let disk = node.store.disk
        for cursor in disk.cursors {
            let confirmed = node.consumers[cursor.name] ?? .zero
            try demand(
                cursor.slot <= confirmed,
                .cursor,
                "\(cursor.name) of \(node.id) stands at \(cursor.slot) on the disk, and its consumer has "
                    + "confirmed \(confirmed)"
            )
            // What went before it was made is nobody's fault.
            if !node.cursorsSeen.contains(cursor.name) {
                node.trimmedPastCursors = max(node.trimmedPastCursors, disk.trimmed)
            }
            try demand(
                disk.trimmed <= max(cursor.slot, node.trimmedPastCursors),
                .cursor,
                "\(node.id) has trimmed through slot \(disk.trimmed) where \(cursor.name) stands at "
                    + "\(cursor.slot)"
            )
        }
        node.cursorsSeen = disk.cursors.map(\.name)
    }
}

/// Who reads of the members, and what these keep.
struct WorldCursors {
    var random: SeededGenerator
    let names: [CursorName]
    let policy: TrimPolicy
}
