internal import LMDB
internal import LogWire
internal import Platform

/// A data directory that is being made: where it is to be, and where it is made.
///
/// LMDB's own creation is not crash-safe: whatever is made is made under another name beside its place, whole and
/// flushed, and then renamed (`R32`). What a crash leaves of it, `.NAME.creating-...`, is nobody's.
struct NewDirectory {
    let path: String
    let parent: String
    let aside: String

    init(_ directory: String) {
        var path = directory
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        let name: Substring
        if let slash = path.lastIndex(of: "/") {
            name = path[path.index(after: slash)...]
            parent = slash == path.startIndex ? "/" : String(path[..<slash])
        } else {
            name = path[...]
            parent = "."
        }
        let random = String(SystemRandom.uint64(), radix: 36)
        aside = "\(parent)/.\(name).creating-\(random)"
    }

    /// Checks the place and makes what is missing above it.
    func prepare(_ storage: StorageOptions) throws(LogCreateError) {
        if try posix({ () throws(PosixError) in try FileSystem.isThere(path) }) {
            guard FileSystem.isDirectory(path) else { throw .notADirectory(path: path) }
            let names = try posix { () throws(PosixError) in try FileSystem.listDirectory(path) }
            guard names.isEmpty else { throw .notEmpty(path: path) }
        } else {
            try makeParents()
        }
        guard storage.refusesNetworkFileSystems else { return }
        let kind = try posix { () throws(PosixError) in try FileSystemKind(path: parent) }
        guard !kind.isNetwork else { throw .networkFileSystem(path: parent, name: kind.name) }
    }

    /// Each directory made is durable in the one above it, or the log would vanish with it (`R32`).
    private func makeParents() throws(LogCreateError) {
        var missing: [String] = []
        var upper = parent
        while upper != ".", upper != "/", !FileSystem.exists(upper) {
            missing.append(upper)
            upper = NewDirectory(upper).parent
        }
        for directory in missing.reversed() {
            try posix { () throws(PosixError) in
                do throws(PosixError) {
                    try FileSystem.makeDirectory(directory)
                } catch {
                    // Somebody else may have made it just now.
                    guard FileSystem.exists(directory) else { throw error }
                }
                try FileSystem.syncDirectory(NewDirectory(directory).parent)
            }
        }
    }

    /// The empty log under the other name, with its tables.
    func open(_ storage: StorageOptions) throws(LogCreateError) -> Environment {
        do throws(PosixError) {
            try FileSystem.makeDirectory(aside)
        } catch {
            // What refuses is the directory above.
            throw LogCreateError(PosixError(code: error.code, operation: "mkdir", path: parent))
        }
        do throws(EnvironmentOpenError) {
            return try Environment.open(
                path: Schema.dataPath(in: aside),
                options: .init(mapSize: storage.mapSize)
            )
        } catch {
            throw LogCreateError(error, path: path, mapSize: storage.mapSize)
        }
    }

    /// What LMDB refused while the log was filled.
    func refusal(_ error: TransactionError<LMDBError>) -> LogCreateError {
        let isFull = error.error == .mapFull || error.error.isFull
        return LogCreateError(.lmdb(isFull ? .mapFull : error.error), path: path, mapSize: 0)
    }

    /// Ends what was written into the log under the other name, durably.
    func close(
        _ environment: consuming Environment,
        _ storage: StorageOptions
    ) throws(LogCreateError) {
        do throws(PosixError) {
            try extend(environment, storage: storage)
        } catch {
            throw LogCreateError(PosixError(code: error.code, operation: "create", path: path))
        }
        environment.close()
        let file = Schema.dataPath(in: aside)
        try posix { () throws(PosixError) in
            // LMDB's reader table is of the process that made it; it is remade at every open.
            try FileSystem.removeFile(file + "-lock")
            try FileSystem.syncFile(file)
            try FileSystem.syncDirectory(aside)
        }
    }

    /// Takes away what was begun. The error that led here says more than one of the cleaning.
    func discard() { try? FileSystem.removeTree(aside) }

    /// A beginning of the runway, so that the first appends find blocks written once; and at least up
    /// to the last page, which LMDB need not have written if it was freed again at once: an opening
    /// would take the file for truncated.
    private func extend(
        _ environment: borrowing Environment,
        storage: StorageOptions
    ) throws(PosixError) {
        let info = environment.info
        let room = min(storage.runwayBytes, DiskSpace.runwayAtOpen)
        // As far as the user's limit allows.
        let wanted = max(info.usedBytes, min(info.usedBytes + room, FileLimit.bytes))
        let end = min(info.mapSize, wanted)
        try ZeroRunway.extend(
            descriptor: environment.dataFileDescriptor,
            path: environment.path,
            from: 0,
            to: Int64(end)
        )
    }

    /// A rename onto an empty directory replaces it, and onto anything else fails.
    func moveIntoPlace() throws(LogCreateError) {
        do throws(PosixError) {
            try FileSystem.rename(aside, to: path)
        } catch {
            if FileSystem.exists(path), !FileSystem.isDirectory(path) {
                throw .notADirectory(path: path)
            }
            if let names = try? FileSystem.listDirectory(path), !names.isEmpty {
                throw .notEmpty(path: path)
            }
            throw LogCreateError(error)
        }
        try posix { () throws(PosixError) in try FileSystem.syncDirectory(parent) }
    }

    private func posix<Result>(
        _ body: () throws(PosixError) -> Result
    ) throws(LogCreateError) -> Result {
        do throws(PosixError) {
            return try body()
        } catch {
            throw LogCreateError(error)
        }
    }
}

extension LogCreateError {
    fileprivate init(_ error: EnvironmentOpenError, path: String, mapSize: Int) {
        switch error {
        case .lmdb(.mapFull): self = .outOfSpace(path: path)
        case .lmdb(let error) where error.isNoMemory:
            self = .noAddressSpace(path: path, mapSize: mapSize)
        case .lmdb(let error):
            self.init(PosixError(code: error.code, operation: "create", path: path))
        case .posix(let code, let path):
            self.init(PosixError(code: code, operation: "create", path: path))
        case .alreadyOpen(let path), .lockedByAnotherProcess(let path):
            // Nobody knows the name it is made under: who has it is none of ours.
            self.init(PosixError(code: PosixError.busy, operation: "lock", path: path))
        case .damaged(let path, _):
            // Read back just after it was written.
            self.init(PosixError(code: PosixError.unreadable, operation: "create", path: path))
        @unknown default:
            self.init(PosixError(code: PosixError.unreadable, operation: "create", path: path))
        }
    }
}
