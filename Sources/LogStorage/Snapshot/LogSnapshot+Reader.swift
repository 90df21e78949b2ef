internal import PaxosCore

extension LogSnapshot {
    /// Hands out what a snapshot holds, in the order in which it was written.
    ///
    /// Holds one chunk. Blocking, on a thread of its own.
    public struct Reader: ~Copyable {
        private let snapshot: LogSnapshot
        private var chunk: ArraySlice<UInt8> = []
        private var next: UInt64 = 0

        package init(_ snapshot: LogSnapshot) {
            self.snapshot = snapshot
            bytesLeft = snapshot.info.bytes
        }

        /// What the snapshot is of.
        public var info: LogSnapshot.Info { snapshot.info }

        /// How many bytes are left.
        public private(set) var bytesLeft: UInt64

        /// The next bytes, at most so many; none at the end.
        ///
        /// - Throws: `SnapshotError.damaged` if the chunk is not what was written.
        public mutating func read(upTo count: Int) throws(SnapshotError) -> [UInt8] {
            if chunk.isEmpty {
                guard next < snapshot.chunks else { return [] }
                chunk = try snapshot.chunk(next)[...]
                next += 1
            }
            let part = chunk.prefix(max(0, count))
            chunk = chunk.dropFirst(part.count)
            bytesLeft -= UInt64(part.count)
            return Array(part)
        }

        /// The next bytes, so many.
        ///
        /// - Throws: `SnapshotError.ended` if fewer are left, `.damaged` if they are not what was written.
        public mutating func read(exactly count: Int) throws(SnapshotError) -> [UInt8] {
            guard count >= 0, UInt64(count) <= bytesLeft else { throw .ended }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count)
            while bytes.count < count {
                bytes += try read(upTo: count - bytes.count)
            }
            return bytes
        }

        /// The next number, as `LogSnapshot.Writer.write(number:)` has written it.
        public mutating func readNumber() throws(SnapshotError) -> UInt64 {
            let bytes = try read(exactly: 8)
            var reader = bytes.span
            guard let number = reader.uint64() else { throw .ended }
            return number
        }
    }
}
