internal import CLMDB

extension Raw {
    static func transactionID(_ txn: OpaquePointer) -> UInt64 { UInt64(mdb_txn_id(txn)) }

    @usableFromInline
    static func reset(_ txn: OpaquePointer) { mdb_txn_reset(txn) }

    @usableFromInline
    static func renew(_ txn: OpaquePointer) throws(LMDBError) {
        try LMDBError.check(mdb_txn_renew(txn))
    }

    @usableFromInline
    static func entries(_ txn: OpaquePointer, _ database: UInt32) throws(LMDBError) -> Int {
        var statistics = MDB_stat()
        try LMDBError.check(mdb_stat(txn, database, &statistics))
        return statistics.ms_entries
    }

    static func pages(_ txn: OpaquePointer, _ database: UInt32) throws(LMDBError) -> Int {
        var statistics = MDB_stat()
        try LMDBError.check(mdb_stat(txn, database, &statistics))
        return statistics.ms_branch_pages + statistics.ms_leaf_pages + statistics.ms_overflow_pages
    }
}
