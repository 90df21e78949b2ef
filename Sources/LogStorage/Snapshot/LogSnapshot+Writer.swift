internal import LogWire
internal import PaxosCore
internal import Platform

extension LogSnapshot {
    /// Takes the bytes of a snapshot, one after the other, into its file; see `LogNode.writeSnapshot(through:_:)`.
    ///
    /// Holds one chunk of 256 KiB, however much is written. Blocking, on a thread of its own.
    public struct Writer: ~Copyable {
        private let folder: SnapshotFolder
        private let file: NewFile
        private let seed: UInt32
        private let isCancelled: @Sendable () -> Bool
        /// Room for the length and the checksum, and the payload gathered so far.
        private var chunk: [UInt8] = []
        private var chunks: UInt64 = 0
        private var bytes: UInt64 = 0
        private var digest: SipHash
        private var unflushed = 0
        /// Nothing is written after it.
        private var failure: SnapshotError?

        /// A flush of the log that comes behind one of ours waits for it: so each is of no more than this.
        static let flushBytes = 8 << 20
        /// Looked at as often as that: what is left to others, on a disk that is nearly full.
        static let reserveBytes: UInt64 = 64 << 20

        init(
            _ folder: SnapshotFolder,
            _ file: NewFile,
            head: SnapshotHead,
            isCancelled: @escaping @Sendable () -> Bool
        ) throws(SnapshotError) {
            self.folder = folder
            self.file = file
            self.isCancelled = isCancelled
            seed = SnapshotFormat.seed(head.cluster, head.base.slot)
            digest = head.digest
            chunk.reserveCapacity(SnapshotFormat.chunkHeadBytes + SnapshotFormat.chunkBytes)
            try put(head.encoded)
            begin()
        }

        /// How many bytes were written so far.
        public var byteCount: Int { Int(bytes) + chunk.count - SnapshotFormat.chunkHeadBytes }

        /// Appends bytes to the snapshot.
        ///
        /// - Throws: `SnapshotError`, and the same from every later call: the snapshot will not come about.
        public mutating func write(_ payload: [UInt8]) throws(SnapshotError) {
            try write(payload[...])
        }

        /// Appends bytes to the snapshot; as `write(_:)` of an array.
        public mutating func write(_ payload: ArraySlice<UInt8>) throws(SnapshotError) {
            var rest = payload
            while !rest.isEmpty {
                if let failure { throw failure }
                let room = SnapshotFormat.chunkHeadBytes + SnapshotFormat.chunkBytes - chunk.count
                let part = rest.prefix(room)
                chunk.append(contentsOf: part)
                rest = rest.dropFirst(part.count)
                if part.count == room { try putChunk() }
            }
        }

        /// Appends a number, eight bytes little-endian.
        public mutating func write(number: UInt64) throws(SnapshotError) {
            var bytes: [UInt8] = []
            bytes.append(littleEndian: number)
            try write(bytes)
        }

        /// Ends the file, durably, and says how many bytes it holds of the host's.
        mutating func finish() throws(SnapshotError) -> UInt64 {
            if let failure { throw failure }
            if chunk.count > SnapshotFormat.chunkHeadBytes { try putChunk() }
            let tail = SnapshotTail(chunks: chunks, bytes: bytes, digest: digest.finish())
            try put(tail.encoded(seed))
            try flush()
            return bytes
        }

        private mutating func begin() {
            chunk.removeAll(keepingCapacity: true)
            chunk.append(contentsOf: repeatElement(0, count: SnapshotFormat.chunkHeadBytes))
        }

        private mutating func putChunk() throws(SnapshotError) {
            let length = chunk.count - SnapshotFormat.chunkHeadBytes
            let crc = chunk.withUnsafeBytes { chunk in
                Checksum.of(
                    UnsafeRawBufferPointer(rebasing: chunk[SnapshotFormat.chunkHeadBytes...]),
                    after: Checksum.of(chunks, after: seed)
                )
            }
            var head: [UInt8] = []
            head.append(littleEndian: UInt32(length))
            head.append(littleEndian: crc)
            for (position, byte) in head.enumerated() { chunk[position] = byte }
            try put(chunk)
            digest.absorb(chunk: crc, length: length)
            chunks += 1
            bytes += UInt64(length)
            begin()
            guard unflushed >= Self.flushBytes else { return }
            try flush()
            let path = file.path
            // The last room is the log's: without it the member refuses appends.
            let left = (try? FileSystem.freeSpace(path)) ?? .max
            if left < Self.reserveBytes {
                failure = .outOfSpace(path: path)
                throw .outOfSpace(path: path)
            }
        }

        private mutating func put(_ written: [UInt8]) throws(SnapshotError) {
            let file = file
            try act { () throws(PosixError) in try file.write(written) }
            unflushed += written.count
        }

        private mutating func flush() throws(SnapshotError) {
            let file = file
            // Not tried again: what a second flush says of the first is unknown (`R30`).
            try act { () throws(PosixError) in try file.flush() }
            unflushed = 0
        }

        private mutating func act(
            _ body: () throws(PosixError) -> Void
        ) throws(SnapshotError) {
            do throws(SnapshotError) {
                if isCancelled() { throw .cancelled }
                try folder.act(body)
            } catch {
                failure = error
                throw error
            }
        }
    }
}
