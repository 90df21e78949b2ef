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
        do throws(LMDBError) {
            try LMDBError.check(mdb_env_sync(handle.env, 1))
        } catch {
            if error.isErrno { try? handle.withSealing { $0?.poison() } }
            throw error
        }
    }
}
