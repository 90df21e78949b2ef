import PaxosCore

/// A deliberately broken store or recovery: the checkers must catch each one. Production code has no hook
/// for it; a mutant alters what crosses the boundary between `NodeCore` and its store.
package enum Mutant: String, CaseIterable, Sendable {
    /// Promises are acknowledged and not written (`R1`).
    case promiseNotPersisted = "promise-not-persisted"
    /// Rows are acknowledged and not written.
    case rowsNotPersisted = "rows-not-persisted"
    /// The receipt comes when the flush begins (`R28`).
    case replyBeforeFlush = "reply-before-flush"
    /// The promise goes with the next transaction, not with its row (`R2`).
    case promiseAndRowInTwoTransactions = "promise-and-row-in-two-transactions"
    /// Every restart finds the round as it was in the beginning (`R4`).
    case ballotReusedAfterRestart = "ballot-reused-after-restart"
    /// A restart finds no row above the watermark (`R34`).
    case unfinishedRowsForgotten = "unfinished-rows-forgotten"

    func alter(_ rows: WriteRows) -> WriteRows {
        var rows = rows
        switch self {
        case .promiseNotPersisted:
            rows.promised = nil
        case .rowsNotPersisted:
            rows.accepted = []
        case .promiseAndRowInTwoTransactions:
            if !rows.accepted.isEmpty { rows.promised = nil }
        case .replyBeforeFlush, .ballotReusedAfterRestart, .unfinishedRowsForgotten:
            break
        }
        return rows
    }

    func alter(_ recovered: RecoveredState) -> RecoveredState {
        var recovered = recovered
        switch self {
        case .ballotReusedAfterRestart:
            recovered.lastRound = 0
            recovered.promised = .zero
        case .unfinishedRowsForgotten:
            recovered.accepted = []
        default:
            break
        }
        return recovered
    }
}
