extension Environment {
    /// What this opening found of the last transaction.
    public var recovery: Recovery { handle.recovery }

    /// Marks the last transaction as one whose flush has returned, and flushes the mark; does nothing if
    /// commits are not sealed, or it has the mark.
    ///
    /// Pages of a transaction without the mark that are not as they were are taken for a crash in its flush,
    /// which undoes it; of one with the mark they are damage, and the file is not opened. So set it when
    /// nothing is written for a while, and before closing. Waits for a running write transaction.
    ///
    /// - Throws: an `errno`, which is final.
    /// - Returns: Whether there was anything to mark.
    @discardableResult
    public func confirm() throws(LMDBError) -> Bool {
        try handle.withSealing { (sealing) throws(LMDBError) in
            guard let sealing, sealing.canConfirm else { return false }
            try sealing.confirm()
            return true
        }
    }

    /// How many pages the seal of the last commit took to read; 0 if commits are not sealed.
    package var pagesReadBySeal: Int {
        (try? handle.withSealing { $0?.pagesRead ?? 0 }) ?? 0
    }
}
