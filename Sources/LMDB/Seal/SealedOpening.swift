#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

extension SealedState {
    /// Recovers a file before LMDB opens it, with the owner's lock held; nil if it is empty, or of another format,
    /// which LMDB judges, and whose commits are its own.
    static func recovered(
        path: String,
        access: Environment.Access
    ) throws(EnvironmentOpenError) -> SealedState? {
        let flags = access == .write ? O_RDWR : O_RDONLY
        let descriptor = open(path, flags | O_CLOEXEC)
        guard descriptor >= 0 else { throw .posix(errno: errno, path: path) }
        // Nobody writes meanwhile, under whatever name of the file: what looks like the remains of a crash is
        // what a writer leaves between two calls.
        defer {
            OwnerLock.unlock(descriptor)
            close(descriptor)
        }
        try OwnerLock.lock(descriptor, access: access, path: path)
        let file = OpenFile(descriptor: descriptor)
        var state: SealedState
        do throws(Refusal) {
            state = try SealedState(of: file)
        } catch {
            switch error {
            case .foreign: return nil
            case .read(let error): throw .posix(errno: error.code, path: path)
            case .damage, .rot: throw .damaged(path: path, detail: "\(error)")
            }
        }
        if case .dropped(let place, _, let sector) = state.outcome {
            guard access == .write else {
                throw .damaged(path: path, detail: "it was not recovered after a crash yet")
            }
            try LockFile.withoutOthers(besides: path) { () throws(EnvironmentOpenError) in
                do throws(LMDBError) {
                    try file.write(sector.bytes, at: place * state.pageSize)
                    try file.flush()
                } catch {
                    throw .posix(errno: error.code, path: path)
                }
            }
            state.sectors[place] = sector
        }
        return state
    }

    /// Whether an environment was opened on what was recovered: the lock was free for a moment.
    func isStill(in descriptor: Int32) -> Bool {
        (try? Self.sectors(of: OpenFile(descriptor: descriptor), pageSize: pageSize)) == sectors
    }

    /// Of a file that LMDB has just made; nil if it is of another format.
    static func opened(
        _ descriptor: Int32,
        path: String
    ) throws(EnvironmentOpenError) -> SealedState? {
        do throws(Refusal) {
            return try SealedState(of: OpenFile(descriptor: descriptor))
        } catch {
            if error == .foreign { return nil }
            throw .damaged(path: path, detail: "\(error)")
        }
    }

    /// Which of the two meta pages holds the state of a file at rest that an opening would take; changes
    /// nothing. Also where an opening would refuse the file for rot in its last transaction, so that others can
    /// look where. Nil if no transaction was sealed: then it is the newer one.
    static func place(at path: String) throws(EnvironmentOpenError) -> Int? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .posix(errno: errno, path: path) }
        defer { close(descriptor) }
        do throws(Refusal) {
            let state = try SealedState(of: OpenFile(descriptor: descriptor))
            return state.outcome == .unsealed ? nil : state.place
        } catch {
            switch error {
            case .foreign: return nil
            case .rot(let place): return place
            case .read(let error): throw .posix(errno: error.code, path: path)
            case .damage: throw .damaged(path: path, detail: "\(error)")
            }
        }
    }
}
