internal import CLMDB

/// The sizes of an environment at one moment.
public struct EnvironmentInfo: Hashable, Sendable {
    /// Bytes a page.
    public let pageSize: Int
    /// The limit of the data file, in bytes.
    public let mapSize: Int
    /// The number of the highest page ever used in the state of the last commit.
    public let lastPage: Int
    /// The id of the last commit.
    public let lastTransaction: UInt64
    /// Reader slots there are.
    public let maxReaders: Int
    /// Reader slots that were ever in use at once since the reader table was made.
    public let usedReaders: Int

    /// How far the pages reach into the file, in bytes, free pages inside included.
    ///
    /// The file may be longer, when it was extended beforehand. It can also be shorter, and sound:
    /// pages at the end that were taken and freed within one transaction are counted but never
    /// written (3 % of the commits of a test with large rows). So a short file proves damage only
    /// when it has always been extended ahead of its pages.
    public var usedBytes: Int { (lastPage + 1) * pageSize }
}

extension Environment {
    /// The sizes now; reads the map, blocks nobody.
    public var info: EnvironmentInfo {
        var statistics = MDB_stat()
        var info = MDB_envinfo()
        mdb_env_stat(handle.env, &statistics)
        mdb_env_info(handle.env, &info)
        return EnvironmentInfo(
            pageSize: Int(statistics.ms_psize),
            mapSize: Int(info.me_mapsize),
            lastPage: Int(info.me_last_pgno),
            lastTransaction: UInt64(info.me_last_txnid),
            maxReaders: Int(info.me_maxreaders),
            usedReaders: Int(info.me_numreaders)
        )
    }

    /// Frees the reader slots of processes that died, and answers how many. Call it now and then:
    /// a dead reader makes the file grow as a live one does.
    @discardableResult
    public func checkStaleReaders() throws(LMDBError) -> Int {
        var dead: Int32 = 0
        try LMDBError.check(mdb_reader_check(handle.env, &dead))
        return Int(dead)
    }
}
