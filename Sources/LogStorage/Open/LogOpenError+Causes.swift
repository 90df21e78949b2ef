internal import LMDB
internal import Platform

extension LogOpenError {
    init(_ error: EnvironmentOpenError, path: String) {
        switch error {
        case .alreadyOpen(let path), .lockedByAnotherProcess(let path):
            self = .directoryInUse(path: path)
        case .damaged(_, let detail): self = .corrupt(path: path, detail: detail)
        case .lmdb(.versionMismatch), .lmdb(.invalid):
            self = .corrupt(path: path, detail: "\(error)")
        case .lmdb(let error):
            self.init(PosixError(code: error.code, operation: "open", path: path))
        case .posix(let code, let path):
            self.init(PosixError(code: code, operation: "open", path: path))
        @unknown default:
            self = .system(code: PosixError.unreadable, operation: "open", path: path)
        }
    }

    init(_ error: LMDBError, path: String) {
        switch error {
        case .corrupted, .pageNotFound, .cursorFull, .badDatabase, .notFound, .incompatible:
            self = .corrupt(path: path, detail: "\(error)")
        case let error where error.isFull: self = .outOfSpace(path: path)
        default:
            self = .system(code: error.code, operation: "read", path: path)
        }
    }

    /// What the system would not read keeps its name: it may be another time (`R87`).
    init(_ damage: PageTree.Damage, path: String) {
        self =
            damage.cause.map { LogOpenError(PosixError($0)) }
            ?? .corrupt(path: path, detail: damage.description)
    }

    init(_ error: DataFileError, path: String) {
        switch error {
        case .truncated(let length, let needed):
            self = .truncated(path: path, length: length, needed: needed)
        case .foreign: self = .notALog(path: path)
        case .damaged(let detail): self = .corrupt(path: path, detail: detail)
        case .system(let failure): self.init(PosixError(failure))
        }
    }

    init(_ finding: StoredLog.Finding, path: String) {
        switch finding {
        case .corrupt(let detail): self = .corrupt(path: path, detail: detail)
        case .unreadable(let slot): self = .unreadableRow(path: path, slot: slot)
        }
    }
}

extension PosixError {
    init(_ failure: FileFailure) {
        self.init(code: failure.code, operation: failure.operation, path: failure.path)
    }
}
