import PaxosCore

/// A store that does not do what it says.
extension Mutant {
    /// The transactions that one group becomes.
    func split(_ rows: WriteRows) -> [WriteRows] {
        if self == .trimBeforeBase, let base = rows.base {
            var first = rows
            (first.base, first.committed, first.checkpoint) = (nil, nil, nil)
            first.trimmed = base.slot
            var second = WriteRows()
            (second.base, second.committed, second.checkpoint) =
                (base, rows.committed, rows.checkpoint)
            return [first, second]
        }
        guard self == .promiseAndRowInTwoTransactions, !rows.accepted.isEmpty,
            rows.promised != nil
        else { return [alter(rows)] }
        var first = rows
        first.promised = nil
        var second = WriteRows()
        second.promised = rows.promised
        return [first, second]
    }

    private func alter(_ rows: WriteRows) -> WriteRows {
        var rows = rows
        switch self {
        case .promiseNotPersisted:
            rows.promised = nil
        case .rowsNotPersisted:
            rows.accepted = []
        case .ackOverGap:
            rows.accepted = rows.accepted.map { accepted in
                let run = accepted.run
                guard run.entries.count > 1 else { return accepted }
                return AcceptedRun(
                    ballot: accepted.ballot,
                    run: EntryRun(first: run.first.next, entries: Array(run.entries.dropFirst())),
                    isChosen: accepted.isChosen
                )
            }
        case .rowsSwapped:
            rows.accepted = rows.accepted.map { accepted in
                AcceptedRun(
                    ballot: accepted.ballot,
                    run: EntryRun(
                        first: accepted.run.first,
                        entries: accepted.run.entries.reversed()
                    ),
                    isChosen: accepted.isChosen
                )
            }
        case .watermarkAheadOfRows:
            rows.committed = rows.committed?.next
        case .latchNotDurable:
            rows.rolledBack = nil
        case .installLowersPromise:
            if let base = rows.base { rows.promised = base.ballot }
        case .baseWithoutLogState:
            rows.base = rows.base.map(\.withoutState)
            if rows.base != nil { rows.checkpoint = rows.base?.checkpoint }
        default:
            break
        }
        return rows
    }

    /// What an opening finds. `history` is that of this member's place, whatever directory is there;
    /// `unsynced` are the transactions that were lost when its last process ended.
    func alter(
        _ recovered: RecoveredState,
        history: [Opening],
        unsynced: [WriteRows]
    ) -> RecoveredState {
        var recovered = recovered
        recovered.membership = alter(recovered.membership)
        switch self {
        case .ballotReusedAfterRestart:
            recovered.lastRound = 0
            recovered.promised = .zero
        case .unfinishedRowsForgotten:
            recovered.accepted = []
        case .watermarkFromMinority:
            for row in recovered.accepted where row.slot == recovered.committed.next {
                recovered.committed = row.slot
            }
            let committed = recovered.committed
            recovered.accepted.removeAll { $0.slot <= committed }
        case .restartTrustsUnsynced:
            for rows in unsynced { recovered.take(rows) }
        case .wipedNodeVotes:
            recovered.incarnation = Incarnation(high: 0, low: recovered.node.rawValue)
            recovered.openings = history
            recovered.boot = Boot(UInt64(history.count))
            recovered.nonce = history[history.count - 1].process.nonce
        default:
            break
        }
        return recovered
    }
}

extension Base {
    fileprivate var withoutState: Base {
        Base(
            slot: slot,
            ballot: ballot,
            membership: membership,
            membershipSlot: membershipSlot,
            state: LogState(),
            prefix: prefix,
            digest: digest
        )
    }
}

extension RecoveredState {
    /// Has the rows of a transaction that is not on disk.
    fileprivate mutating func take(_ rows: WriteRows) {
        promised = rows.promised ?? promised
        lastRound = rows.lastRound ?? lastRound
        for run in rows.accepted {
            for (offset, entry) in run.run.entries.enumerated() {
                let slot = run.run.first.advanced(by: offset)
                guard slot > committed else { continue }
                accepted.removeAll { $0.slot == slot }
                accepted.append(
                    AcceptedEntry(
                        slot: slot,
                        ballot: run.ballot,
                        entry: entry,
                        isChosen: run.isChosen
                    )
                )
            }
        }
        accepted.sort { $0.slot < $1.slot }
    }
}
