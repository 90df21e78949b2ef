internal import CLMDB

extension Environment {
    /// Flushes the data file. When it returns, every transaction whose commit returned before the
    /// call is durable, given that all flushes before succeeded and ``Options/noSync`` is off.
    ///
    /// Any thread may call it; it waits for a running write transaction, since the system tells of pages that it
    /// could not write to whoever flushes next, and to nobody after that.
    ///
    /// - Throws: an `errno`, which is final: the next flush may succeed over lost pages, so the
    ///   environment must be closed and nothing acknowledged. `EACCES` when opened for reading; `EDEADLK` inside
    ///   ``withWrite(_:)``.
    public func sync() throws(LMDBError) {
        try handle.withSealing { (sealing) throws(LMDBError) in
            try sealing?.check()
            do throws(LMDBError) {
                try LMDBError.check(mdb_env_sync(handle.env, 1))
            } catch {
                if error.isErrno { sealing?.poison() }
                throw error
            }
        }
    }
}
