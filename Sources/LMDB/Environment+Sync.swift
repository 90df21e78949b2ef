internal import CLMDB

extension Environment {
    /// Flushes the data file. When it returns, every transaction whose commit returned before the
    /// call is durable, given that all flushes before succeeded and ``Options/noSync`` is off.
    ///
    /// Any thread may call it, also beside a writer.
    ///
    /// - Throws: an `errno`, which is final: the next flush may succeed over lost pages, so the
    ///   environment must be closed and nothing acknowledged. `EACCES` when opened for reading.
    public func sync() throws(LMDBError) {
        try LMDBError.check(mdb_env_sync(handle.env, 1))
    }

    /// Turns ``Options/noMetaSync`` on or off for the transactions that begin after it returns.
    ///
    /// Waits for a running write transaction; fails with `EDEADLK` inside one. Cheap enough to choose for
    /// each transaction: LMDB looks at it when it writes the meta page, and nowhere else. Readers
    /// may run meanwhile. A commit with it off makes the one before durable as well.
    public func setNoMetaSync(_ on: Bool) throws(LMDBError) {
        try handle.enterWriter()
        defer { handle.leaveWriter() }
        try LMDBError.check(mdb_env_set_flags(handle.env, UInt32(MDB_NOMETASYNC), on ? 1 : 0))
    }
}
