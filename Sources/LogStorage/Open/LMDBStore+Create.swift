internal import LMDB
package import LogWire
package import PaxosCore
internal import Platform

extension LMDBStore {
    /// Makes a data directory: its identity, nothing promised, nothing accepted.
    ///
    /// When it returns, the directory with everything in it survives power loss. It appears whole or not
    /// at all: LMDB's own creation is not crash-safe, so the log is made under another name beside it,
    /// committed, closed, synced, renamed into place, and the parent synced (`R32`). What a crash leaves
    /// of it, `.NAME.creating-...`, is nobody's and may be removed. Missing parents are made too.
    ///
    /// Blocks; call it on a thread of your own.
    @discardableResult
    package static func create(
        at directory: String,
        cluster: ClusterID,
        node: NodeID,
        membership: Membership,
        storage: StorageOptions = StorageOptions(),
        limits: Limits = Limits()
    ) throws(LogCreateError) -> DirectoryIdentity {
        if let invalid = storage.invalidity { throw .invalidStorage(invalid) }
        guard membership.contains(node) else { throw .notAMember(node: node) }
        let identity = DirectoryIdentity(
            formatVersion: Schema.formatVersion,
            cluster: cluster,
            node: node,
            incarnation: Incarnation(high: SystemRandom.uint64(), low: SystemRandom.uint64()),
            membership: membership,
            shape: limits.shape,
            secret: .init(first: SystemRandom.uint64(), second: SystemRandom.uint64())
        )
        FileLimit.ignoreSignal()
        let place = Place(directory)
        try place.prepare(storage)
        do throws(LogCreateError) {
            try place.fill(with: identity, storage: storage)
            try place.moveIntoPlace()
        } catch {
            // The error that led here says more than one of the cleaning.
            try? FileSystem.removeTree(place.aside)
            throw error
        }
        return identity
    }
}

/// Where a directory is to be, and where it is made.
private struct Place {
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
            upper = Place(upper).parent
        }
        for directory in missing.reversed() {
            try posix { () throws(PosixError) in
                do throws(PosixError) {
                    try FileSystem.makeDirectory(directory)
                } catch {
                    // Somebody else may have made it just now.
                    guard FileSystem.exists(directory) else { throw error }
                }
                try FileSystem.syncDirectory(Place(directory).parent)
            }
        }
    }

    func fill(with identity: DirectoryIdentity, storage: StorageOptions) throws(LogCreateError) {
        do throws(PosixError) {
            try FileSystem.makeDirectory(aside)
        } catch {
            // What refuses is the directory above.
            throw LogCreateError(PosixError(code: error.code, operation: "mkdir", path: parent))
        }
        let file = Schema.dataPath(in: aside)
        do throws(EnvironmentOpenError) {
            let environment = try Environment.open(
                path: file,
                options: .init(mapSize: storage.mapSize)
            )
            do throws(TransactionError<LMDBError>) {
                try Self.write(identity, to: environment)
            } catch {
                if error.error == .mapFull || error.error.isFull { throw .lmdb(.mapFull) }
                throw .lmdb(error.error)
            }
            do throws(PosixError) {
                try extend(environment, storage: storage)
            } catch {
                throw .posix(errno: error.code, path: path)
            }
            environment.close()
        } catch {
            throw LogCreateError(error, path: path, mapSize: storage.mapSize)
        }
        try posix { () throws(PosixError) in
            // LMDB's reader table is of the process that made it; it is remade at every open.
            try FileSystem.removeFile(file + "-lock")
            try FileSystem.syncFile(file)
            try FileSystem.syncDirectory(aside)
        }
    }

    private static func write(
        _ identity: DirectoryIdentity,
        to environment: borrowing Environment
    ) throws(TransactionError<LMDBError>) {
        let state = try Schema.openState(in: environment, create: true)
        let tables = try Schema.Tables(in: environment, state: state, create: true)
        let coding = StateCoding(cluster: identity.cluster)
        let values: [(StateName, [UInt8])] = [
            (.promised, coding.seal(Ballot.zero, .promised)),
            (.lastRound, coding.seal(0, .lastRound)),
            (.boot, coding.seal(Boot.never.rawValue, .boot)),
            (.committed, coding.seal(Slot.zero.rawValue, .committed)),
            (.trimmed, coding.seal(Slot.zero.rawValue, .trimmed)),
            (.base, coding.seal(Base.founding(identity.membership).encoded(), .base)),
            (.checkpoint, coding.seal(Checkpoint.empty.encoded(), .checkpoint)),
            (.peers, coding.seal(PeerRecord.encoded([]), .peers)),
            (.lineage, coding.seal(Opening.encoded([]), .lineage)),
            (.latch, coding.seal(RolledBack.encoded(nil), .latch)),
        ]
        try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
            try txn.put(identity.storedBytes, for: Schema.identityKey, in: tables.state)
            for (name, value) in values { try txn.put(value, for: name.key, in: tables.state) }
        }
    }

    /// A beginning of the runway, so that the first appends find blocks written once; and at least up
    /// to the last page, which LMDB need not have written if it was freed again at once: an opening
    /// would take the file for truncated.
    private func extend(
        _ environment: borrowing Environment,
        storage: StorageOptions
    ) throws(PosixError) {
        let info = environment.info
        let room = min(storage.runwayBytes, Room.runwayAtOpen)
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
        case .alreadyOpen(let path), .lockedByAnotherProcess(let path), .damaged(let path, _):
            // Nobody knows the name it is made under.
            self = .system(code: 0, operation: "lock", path: path)
        @unknown default:
            self = .system(code: 0, operation: "create", path: path)
        }
    }
}
