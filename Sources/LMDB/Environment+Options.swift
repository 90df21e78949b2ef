extension Environment {
    /// What an opening may do to the file, and whom it keeps away.
    public enum Access: Hashable, Sendable {
        /// Reads and writes. Excludes every other opening but ``observe``, in any process.
        case write

        /// Reads a file at rest. Shares it with other inspections; excluded by a writer.
        case inspect

        /// Reads beside a live writer of another process, for a backup or a statistic. Takes no
        /// lock of ours; relies on LMDB's reader table, so both must share one machine and one
        /// space of process ids. A reader left open makes the writer's file grow.
        case observe
    }

    /// How to open an environment. The map is reserved once and never resized.
    public struct Options: Hashable, Sendable {
        /// The largest size of the data file in bytes; rounded up to pages of the system by
        /// ``Environment/open(path:options:)``. Address space, not memory or disk: 1 TiB costs
        /// nothing on a 64-bit Linux.
        ///
        /// A full map is a trap, because deleting needs new pages too. Choose it far larger than
        /// needed and refuse writes at a limit of your own.
        public var mapSize: Int

        /// The most read transactions open at once, over all processes.
        public var maxReaders: Int

        /// The most named databases.
        public var maxDatabases: Int

        /// What the opening may do and whom it excludes.
        public var access: Access

        /// Commits are sealed: one flush instead of two (`Seal/Sealing.swift`). A commit is durable when it
        /// returns either way.
        ///
        /// A file that was once written so is always opened so; what another program commits to it is
        /// dropped or refused at the next opening. The first commit to a file that was not flushes as LMDB
        /// does. Only read by openings that write.
        public var sealed: Bool

        /// Commits flush nothing (`MDB_NOSYNC`). **Never for real data**: a power cut corrupts the
        /// file, and a later ``Environment/sync()`` does not repair it. A control for tests.
        public var noSync: Bool

        /// The mode of created files, before the process's umask.
        public var fileMode: UInt32

        /// Makes options: durable at commit, reading and writing, unless told otherwise.
        public init(
            mapSize: Int,
            maxReaders: Int = 126,
            maxDatabases: Int = 8,
            access: Access = .write,
            sealed: Bool = false,
            noSync: Bool = false,
            fileMode: UInt32 = 0o600
        ) {
            self.mapSize = mapSize
            self.maxReaders = maxReaders
            self.maxDatabases = maxDatabases
            self.access = access
            self.sealed = sealed
            self.noSync = noSync
            self.fileMode = fileMode
        }
    }
}
