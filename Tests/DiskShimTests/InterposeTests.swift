import CLMDB
import DiskShim
import Glibc
import Platform
import TestSupport
import Testing

@Suite(.shared) struct InterposeTests {
    @Test func ourOwnCallsAreRecordedInOrder() throws {
        let directory = try Scratch("shim")
        let recorder = try DiskRecorder(directory: directory.path)
        let path = directory.path + "/data"
        let descriptor = open(path, O_RDWR | O_CREAT, 0o600)
        #expect(pwrite(descriptor, [1, 2, 3] as [UInt8], 3, 10) == 3)
        recorder.mark(kind: 7, value: 8)
        #expect(fdatasync(descriptor) == 0)
        #expect(lseek(descriptor, 5, SEEK_SET) == 5)
        #expect(write(descriptor, [4] as [UInt8], 1) == 1)
        #expect(ftruncate(descriptor, 12) == 0)
        close(descriptor)
        let synchronous = open(path, O_WRONLY | O_DSYNC)
        #expect(pwrite(synchronous, [9] as [UInt8], 1, 0) == 1)
        close(synchronous)
        try FileSystem.rename(path, to: directory.path + "/moved")
        try FileSystem.makeDirectory(directory.path + "/sub")
        try FileSystem.syncDirectory(directory.path)
        try FileSystem.removeFile(directory.path + "/moved")
        #expect(
            recorder.finish().events == [
                .create(path: "data"), .write(path: "data", offset: 10, bytes: [1, 2, 3]),
                .mark(kind: 7, value: 8), .flushBegan(path: "data", isDirectory: false),
                .flushEnded(path: "data", isDirectory: false, began: 3, error: 0),
                .write(path: "data", offset: 5, bytes: [4]), .truncate(path: "data", length: 12),
                .synchronousWriteBegan(path: "data", offset: 0, bytes: [9]),
                .synchronousWriteEnded(path: "data", began: 7, error: 0),
                .rename(from: "data", to: "moved"), .makeDirectory(path: "sub"),
                .flushBegan(path: "", isDirectory: true),
                .flushEnded(path: "", isDirectory: true, began: 11, error: 0),
                .remove(path: "moved"),
            ]
        )
    }

    @Test func whatWasThereBeforeIsInTheRecording() throws {
        let directory = try Scratch("shim")
        try FileSystem.makeDirectory(directory.path + "/sub")
        let descriptor = open(directory.path + "/sub/old", O_WRONLY | O_CREAT, 0o600)
        #expect(pwrite(descriptor, [1, 2] as [UInt8], 2, 0) == 2)
        close(descriptor)
        let recording = try DiskRecorder(directory: directory.path).finish()
        #expect(recording.directories == ["sub"])
        #expect(recording.files == ["sub/old": [1, 2]])
        #expect(recording.events.isEmpty)
    }

    /// The whole purpose: what liblmdb.so, a shared library, does passes here. A commit is pages,
    /// one flush, one synchronous write of the 120-byte meta page.
    @Test func aCommitOfLMDBIsSeen() throws {
        let directory = try Scratch("shim")
        var environment: OpaquePointer?
        try #require(mdb_env_create(&environment) == 0)
        defer { mdb_env_close(environment) }
        try #require(mdb_env_open(environment, directory.path, 0, 0o600) == 0)
        let counter = DiskCounter(below: directory.path)
        let recorder = try DiskRecorder(directory: directory.path)
        #expect(try commit(environment, key: 1) == 0)
        #expect(counter.calls(.flush) == 1)
        #expect(counter.calls(.metaWrite) == 1)
        #expect(counter.calls(.write) >= 1)
        #expect(counter.bytes >= 4096 + 120)
        let events = recorder.finish().events
        let meta = events.contains {
            if case .synchronousWriteBegan("data.mdb", _, let bytes) = $0 {
                return bytes.count == 120
            }
            return false
        }
        #expect(meta)
        let fault = DiskFault(.flush, below: directory.path, .fail(errno: EIO))
        #expect(try commit(environment, key: 2) == EIO)
        #expect(fault.hits == 1)
    }

    private func commit(_ environment: OpaquePointer?, key: UInt8) throws -> Int32 {
        var transaction: OpaquePointer?
        try #require(mdb_txn_begin(environment, nil, 0, &transaction) == 0)
        var database: MDB_dbi = 0
        try #require(mdb_dbi_open(transaction, nil, 0, &database) == 0)
        var bytes = [key]
        let put = bytes.withUnsafeMutableBytes { buffer in
            var name = MDB_val(mv_size: 1, mv_data: buffer.baseAddress)
            var value = name
            return mdb_put(transaction, database, &name, &value, 0)
        }
        try #require(put == 0)
        return mdb_txn_commit(transaction)
    }
}
