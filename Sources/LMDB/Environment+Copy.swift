internal import CLMDB

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

extension Environment {
    /// Copies the state of the last commit into a new file at `path`, while others read and write.
    ///
    /// `compacting` leaves free pages out: slower, and the only way to a smaller file. When it
    /// returns the file is flushed; its name is not: flush the directory, after renaming it where it
    /// shall be. Of an environment with sealed commits it is sealed too, but for a compacted one, whose numbers
    /// begin again; what it holds is durable in the environment by then, unless that only observes. Holds a read
    /// transaction all the while, so the live file grows with what is
    /// written. Blocks writers for a moment; never call it inside ``withWrite(_:)``.
    ///
    /// - Throws: `EEXIST` when `path` exists; otherwise the file is removed again. `EACCES` for a copy of an
    ///   observer's that is not compacted: it does not know which seal belongs to what it copies.
    public func copy(
        to path: String,
        compacting: Bool,
        fileMode: UInt32 = 0o600
    ) throws(LMDBError) {
        if handle.access == .observe, !compacting { throw LMDBError(code: EACCES) }
        let descriptor = Self.create(path, mode: fileMode, exclusive: true)
        if descriptor < 0 { throw .lastErrno }
        var code = mdb_env_copyfd2(handle.env, descriptor, compacting ? UInt32(MDB_CP_COMPACT) : 0)
        if code == MDB_SUCCESS {
            do throws(LMDBError) {
                // By now the state that was copied is durable here too, or becomes so.
                try handle.withSealing { (sealing) throws(LMDBError) in
                    try sealing?.begin()
                    if !compacting { try sealing?.sealCopy(descriptor) }
                }
            } catch {
                code = error.code
            }
        }
        if code == MDB_SUCCESS && fsync(descriptor) != 0 { code = errno }
        if Self.closeDescriptor(descriptor) != 0 && code == MDB_SUCCESS { code = errno }
        if code != MDB_SUCCESS {
            unlink(path)
            throw LMDBError(code: code)
        }
    }
}
