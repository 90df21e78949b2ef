/// Why an environment was not opened. Nothing is left open or locked after any of these.
@nonexhaustive
public enum EnvironmentOpenError: Error, Hashable, Sendable {
    /// This process has the same file open already, perhaps under another name. LMDB would allow
    /// it and silently lose its locks.
    case alreadyOpen(path: String)

    /// Another process holds the file in a way that excludes the access asked for.
    case lockedByAnotherProcess(path: String)

    /// The file is not what a crash leaves of what was written: rot, or the work of another program that
    /// writes. Also a file that a crash has left and that nobody may write to here.
    case damaged(path: String, detail: String)

    /// LMDB refused.
    case lmdb(LMDBError)

    /// A system call on `path` failed with `errno`.
    case posix(errno: Int32, path: String)
}

extension EnvironmentOpenError: CustomStringConvertible {
    /// One line for a person.
    public var description: String {
        switch self {
        case .alreadyOpen(let path): "already open in this process: \(path)"
        case .lockedByAnotherProcess(let path): "in use by another process: \(path)"
        case .damaged(let path, let detail): "\(path) is damaged (\(detail))"
        case .lmdb(let error): "LMDB: \(error)"
        case .posix(let code, let path): "\(LMDBError(code: code)): \(path)"
        }
    }
}
