internal import LMDB
package import LogWire
package import PaxosCore
internal import Platform

/// Reads a data directory at rest, for the tools: changes nothing in it, leaves nothing in it, needs no
/// right but to read, counts no opening, and is refused while a process has it open. Several may read at
/// once.
///
/// LMDB has no part in it, since that would make a lock file: the pages are walked by `pread`. Unlike an
/// opening it goes on past what is damaged, and names it. Blocking; one thread at a time.
package struct DirectoryReader: ~Copyable, Sendable {
    package let identity: DirectoryIdentity
    package let path: String
    let tree: PageTree
    private let values: [StateName: [UInt8]]

    /// Opens the directory for reading; refuses as `LMDBStore.open` does what cannot be read at all.
    package init(at directory: String) throws(LogOpenError) {
        let place = LogDirectory(path: directory)
        try place.check(nil)
        try self.init(place, try Self.tree(place.file, directory: directory))
    }

    /// Reads the values, and with them whose it is.
    init(_ place: LogDirectory, _ found: PageTree) throws(LogOpenError) {
        var tree = found
        let path = place.file
        tree.reached = PagesReached()
        let rows: [(key: [UInt8], value: [UInt8])]?
        do throws(PageTree.Damage) {
            try tree.checkValues()
            // A table of another kind is another program's.
            let state = try tree.table(Schema.state).flatMap { $0.flags == 0 ? $0 : nil }
            rows = try state.map { [tree] record throws(PageTree.Damage) in
                try tree.rows(of: record)
            }
            for name in [Schema.accepted, Schema.ineffective] where rows != nil {
                // What is damaged on the way is met by who reads.
                if let table = try tree.table(name) { _ = try? tree.highestKey(of: table) }
            }
            try tree.checkNothingReachedIsFree()
        } catch {
            throw LogOpenError(error, path: path)
        }
        var values: [StateName: [UInt8]] = [:]
        var identity = DirectoryIdentity.Reading.foreign
        for (key, value) in rows ?? [] {
            if key == Schema.identityKey { identity = DirectoryIdentity.read(value) }
            if let name = StateName(rawValue: String(decoding: key, as: UTF8.self)) {
                values[name] = value
            }
        }
        tree.reached = nil
        let found = try place.identity(identity)
        self.init(identity: found, path: place.path, tree: tree, values: values)
    }

    /// The trees of the state that an opening would take; nobody opens the directory while this one lives.
    private static func tree(
        _ path: String,
        directory: String
    ) throws(LogOpenError) -> PageTree {
        do throws(DataFileError) {
            let file = try PageFile(path: path)
            if try file.share() {
                let state = try file.recovered()
                try DataFile.check(path, reaches: state.lastPage, pageSize: file.pageSize)
                return PageTree(file: file, state: state)
            }
        } catch {
            throw LogOpenError(error, path: path)
        }
        throw .directoryInUse(path: directory)
    }

    private init(
        identity: DirectoryIdentity,
        path: String,
        tree: PageTree,
        values: [StateName: [UInt8]]
    ) {
        self.identity = identity
        self.path = path
        self.tree = tree
        self.values = values
    }

    /// The small values, without rows: boot is that of the last opening. Throws `corrupt` if one is
    /// damaged.
    package func state() throws(LogOpenError) -> RecoveredState {
        switch StoredLog.state(values, identity) {
        case .success(let state): return state
        case .failure(let finding):
            throw LogOpenError(finding, path: Schema.dataPath(in: path))
        }
    }

    /// How much room the directory takes.
    package struct Usage: Hashable, Sendable {
        package let pageSize: Int
        /// The length of the data file, its runway included.
        package let fileBytes: Int
        /// The end of the last page ever used, and the pages in use; what lies between is free.
        package let usedBytes: Int
        package let liveBytes: Int
        package let rows: Int
        package let ineffective: Int
        package let lastTransaction: UInt64
    }

    package func usage() throws(LogOpenError) -> Usage {
        let path = Schema.dataPath(in: path)
        var records: [String: TableRecord] = [:]
        do throws(PageTree.Damage) {
            for table in try tree.tables() {
                records[String(decoding: table.name, as: UTF8.self)] = table.record
            }
        } catch {
            throw LogOpenError(error, path: path)
        }
        let usedBytes = (Int(tree.lastPage) + 1) * tree.pageSize
        // And a few for the tree that holds them.
        let pages = records.values.reduce(8) { $0 + Int(clamping: $1.pages) }
        do throws(PosixError) {
            return Usage(
                pageSize: tree.pageSize,
                fileBytes: Int(try FileSystem.fileLength(path)),
                usedBytes: usedBytes,
                liveBytes: min(usedBytes, pages.multipliedReportingOverflow(by: tree.pageSize).0),
                rows: Int(clamping: records[Schema.accepted]?.rows ?? 0),
                ineffective: Int(clamping: records[Schema.ineffective]?.rows ?? 0),
                lastTransaction: tree.state.transaction
            )
        } catch {
            throw LogOpenError(error)
        }
    }

    /// A row as it was found.
    package enum StoredRow: Hashable, Sendable {
        /// As written; `bytes` is its length on disk.
        case row(AcceptedEntry, bytes: Int)
        /// There, and not what was written.
        case unreadable(Slot)
    }
}
