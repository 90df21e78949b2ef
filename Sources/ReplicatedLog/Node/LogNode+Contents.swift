public import LogStorage
internal import Platform

extension LogNode {
    /// Looks whether there is a log in a directory, and whose.
    ///
    /// ```swift
    /// switch try await LogNode.contents(of: "data/n1") {
    /// case .log(let log): print("node \(log.node) of \(log.cluster)")
    /// case .missing, .empty: try await LogNode.create(configuration, directory: "data/n1")
    /// case let other: print("not ours to touch: \(other)")
    /// }
    /// ```
    ///
    /// Changes nothing, needs no right but to read, and counts as no opening: what is there is read as it would be
    /// opened, its rows apart. Nobody can open the directory for that moment. A directory that is missing where
    /// there was one is a disk that is not mounted, or lost: made anew it is another incarnation, which
    /// its peers refuse for good. So is one that looks empty.
    ///
    /// - Throws: `LogOpenError`, if it cannot be told: what is there is damaged, or this user may not look.
    public static func contents(
        of directory: String
    ) async throws(LogOpenError) -> DirectoryContents {
        try await offPool { () throws(LogOpenError) in
            try DirectoryContents(of: directory)
        }.get()
    }

    /// What a place holds that may be a data directory; see `contents(of:)`.
    @nonexhaustive
    public enum DirectoryContents: Hashable, Sendable {
        /// Nothing is there.
        case missing
        /// A directory with nothing in it: `create` takes it as it does a missing one.
        case empty
        /// A log that nobody has open.
        case log(LogIdentity)
        /// A log that this process or another has open, or looks at in this moment.
        case inUse
        /// A log of another version of this software, of that format; or the number of its format is damaged.
        case otherFormat(UInt32)
        /// Something else, which is no log.
        case other
    }
}

extension LogNode.DirectoryContents {
    /// Blocks; on a thread of its own.
    fileprivate init(of directory: String) throws(LogOpenError) {
        let refusal: LogOpenError
        do throws(LogOpenError) {
            self = .log(try DirectoryReader(at: directory).owner)
            return
        } catch {
            refusal = error
        }
        switch refusal {
        case .missingDirectory: self = .missing
        case .directoryInUse: self = .inUse
        case .olderFormat(_, let found, _), .newerFormat(_, let found, _):
            self = .otherFormat(found)
        case .notALog:
            // As `create` looks at it.
            let names = try? FileSystem.listDirectory(directory)
            self = names?.isEmpty == true && FileSystem.isDirectory(directory) ? .empty : .other
        case .system(let code, let operation, let path)
        where PosixError(code: code, operation: operation, path: path).isNotADirectory:
            self = .other
        default: throw refusal
        }
    }
}
