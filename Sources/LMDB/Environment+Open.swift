internal import CLMDB

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

extension Environment {
    /// Opens the environment in the data file at `path`, creating an empty one when `options` allow
    /// writing and there is none.
    ///
    /// Returns with the file locked against other openings as ``Access`` says, its descriptor
    /// marked to close on `exec`, and reader slots of dead processes cleared. Nothing is durable of
    /// a file just created. A truncated file is not detected here and ends the process with `SIGBUS`
    /// when a missing page is read; see ``EnvironmentInfo/usedBytes`` for what its length tells.
    ///
    /// - Throws: ``EnvironmentOpenError``; then nothing is left open, but new empty files may be.
    public static func open(
        path: String,
        options: Options
    ) throws(EnvironmentOpenError) -> Environment {
        try createIfNeeded(path, options: options)
        guard let resolved = realpath(path, nil) else { throw .posix(errno: errno, path: path) }
        defer { free(resolved) }
        let path = String(cString: resolved)
        let claim = try OpenRegistry.shared.claim(path)
        do throws(EnvironmentOpenError) {
            return try openClaimed(path, claim: claim, options: options)
        } catch {
            OpenRegistry.shared.release(claim)
            throw error
        }
    }

    /// The file must exist before it can be identified; LMDB takes an empty file for a new one.
    private static func createIfNeeded(
        _ path: String,
        options: Options
    ) throws(EnvironmentOpenError) {
        guard options.access == .write else { return }
        var status = stat()
        if stat(path, &status) == 0 { return }
        let descriptor = Self.create(path, mode: options.fileMode)
        if descriptor < 0 { throw .posix(errno: errno, path: path) }
        _ = Self.closeDescriptor(descriptor)
    }

    private static func openClaimed(
        _ path: String,
        claim: OpenRegistry.Claim,
        options: Options
    ) throws(EnvironmentOpenError) -> Environment {
        let ownerLock = try OwnerLock.acquire(
            besides: path,
            access: options.access,
            mode: options.fileMode
        )
        do throws(EnvironmentOpenError) {
            try LockFile.allocate(besides: path, options: options)
            var state = try recover(path, options: options)
            let env = try openLocked(path, file: claim.file, options: options)
            do throws(EnvironmentOpenError) {
                let descriptor = Raw.descriptor(env)
                if let state, !state.isStill(in: descriptor) {
                    throw .lockedByAnotherProcess(path: path)
                }
                // It may have been empty.
                if state == nil, options.access == .write, options.sealed {
                    state = try SealedState.opened(descriptor, path: path)
                }
            } catch {
                mdb_env_close(env)
                throw error
            }
            return Environment(
                handle: EnvironmentHandle(
                    env: env,
                    path: path,
                    access: options.access,
                    claim: claim,
                    ownerLock: ownerLock,
                    state: state
                )
            )
        } catch {
            ownerLock?.release()
            throw error
        }
    }

    /// What the file holds whole, if its commits are sealed; before LMDB sees it.
    private static func recover(
        _ path: String,
        options: Options
    ) throws(EnvironmentOpenError) -> SealedState? {
        let state: SealedState?
        switch options.access {
        case .write, .inspect:
            state = try SealedState.recovered(path: path, access: options.access)
        case .observe:
            do throws(EnvironmentOpenError) {
                // At rest it is looked at like any other file: what a crash left must not be followed.
                _ = try SealedState.recovered(path: path, access: .inspect)
            } catch .lockedByAnotherProcess {
                // Beside a live writer nothing can be told, nor need be: it has recovered the file.
            }
            return nil
        }
        return state?.outcome == .unsealed && !options.sealed ? nil : state
    }

    private static func openLocked(
        _ path: String,
        file: FileIdentity,
        options: Options
    ) throws(EnvironmentOpenError) -> OpaquePointer {
        var created: OpaquePointer?
        let code = mdb_env_create(&created)
        guard code == MDB_SUCCESS, let env = created else { throw .lmdb(LMDBError(code: code)) }
        do throws(EnvironmentOpenError) {
            do throws(LMDBError) {
                try configure(env, options: options)
                try LMDBError.check(
                    mdb_env_open(env, path, flags(options), mode_t(options.fileMode))
                )
            } catch {
                throw .lmdb(error)
            }
            try guardDescriptor(of: env, path: path, file: file, access: options.access)
        } catch {
            // LMDB demands this after a failed opening too.
            mdb_env_close(env)
            throw error
        }
        var dead: Int32 = 0
        mdb_reader_check(env, &dead)
        return env
    }

    private static func configure(_ env: OpaquePointer, options: Options) throws(LMDBError) {
        guard options.mapSize > 0, let readers = UInt32(exactly: options.maxReaders),
            let databases = UInt32(exactly: options.maxDatabases)
        else { throw LMDBError(code: EINVAL) }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let (sum, overflow) = options.mapSize.addingReportingOverflow(page - 1)
        if overflow { throw LMDBError(code: EINVAL) }
        try LMDBError.check(mdb_env_set_mapsize(env, sum / page * page))
        try LMDBError.check(mdb_env_set_maxreaders(env, readers))
        try LMDBError.check(mdb_env_set_maxdbs(env, databases))
    }

    /// Always NOTLS: a read transaction belongs to its object, so readers can be pooled. Never
    /// WRITEMAP, MAPASYNC, NOLOCK, NORDAHEAD or NOMEMINIT: stray writes, unprotected readers, slow
    /// cold reads, heap bytes in the file.
    private static func flags(_ options: Options) -> UInt32 {
        var flags = MDB_NOSUBDIR | MDB_NOTLS
        if options.access != .write { flags |= MDB_RDONLY }
        if options.noSync { flags |= MDB_NOSYNC }
        return UInt32(flags)
    }

    /// LMDB opens the data file without `O_CLOEXEC`; and between our `stat` and its `open` the name
    /// may have come to mean another file.
    private static func guardDescriptor(
        of env: OpaquePointer,
        path: String,
        file: FileIdentity,
        access: Access
    ) throws(EnvironmentOpenError) {
        let descriptor = Raw.descriptor(env)
        let flags = fcntl(descriptor, F_GETFD)
        guard flags >= 0, fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) == 0 else {
            throw .posix(errno: errno, path: path)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .posix(errno: errno, path: path) }
        guard FileIdentity(status) == file else { throw .posix(errno: ESTALE, path: path) }
        try OwnerLock.lock(descriptor, access: access, path: path)
    }
}
