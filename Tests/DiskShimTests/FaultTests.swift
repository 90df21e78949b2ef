import DiskShim
import Glibc
import Platform
import TestSupport
import Testing

@Suite(.shared) struct FaultTests {
    /// Opens a file, runs the body, closes it.
    private func withFile(
        _ path: String,
        flags: Int32 = 0,
        _ body: (Int32) throws -> Void
    ) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | flags, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try body(descriptor)
    }

    private func put(_ descriptor: Int32, _ count: Int, at offset: Int) -> Int {
        pwrite(descriptor, [UInt8](repeating: 1, count: count), count, off_t(offset))
    }

    @Test func theNthCallFailsOnceOrFromThenOn() throws {
        let directory = try Scratch("shim")
        try withFile(directory.path + "/data") { file throws in
            do {
                let fault = DiskFault(.flush, below: directory.path, nth: 2, .fail(errno: EIO))
                #expect((1...4).map { _ in fdatasync(file) } == [0, -1, 0, 0])
                #expect(fault.hits == 1)
            }
            do {
                let fault = DiskFault(
                    .write,
                    below: directory.path,
                    nth: 2,
                    sticky: true,
                    .fail(errno: ENOSPC)
                )
                #expect((0..<4).map { put(file, 8, at: $0 * 8) } == [8, -1, -1, -1])
                #expect(errno == ENOSPC)
                #expect(fault.hits == 3)
            }
            // Disarmed with the value.
            #expect(put(file, 8, at: 0) == 8)
            #expect(fdatasync(file) == 0)
        }
    }

    @Test func whatIsSkippedSucceeds() throws {
        let directory = try Scratch("shim")
        let path = directory.path + "/data"
        let flush = DiskFault(.flush, below: path, sticky: true, .skip)
        let meta = DiskFault(.metaWrite, below: path, sticky: true, .skip)
        let recorder = try DiskRecorder(directory: directory.path)
        try withFile(path, flags: O_DSYNC) { file throws in
            #expect(put(file, 120, at: 8) == 120)
            #expect(fdatasync(file) == 0)
        }
        #expect(flush.hits == 1 && meta.hits == 1)
        #expect(try FileSystem.read(path, at: 8, count: 200) == [UInt8](repeating: 1, count: 120))
        #expect(recorder.finish().events.count == 5)
    }

    @Test func aFailedWriteLeavesNothing() throws {
        let directory = try Scratch("shim")
        let path = directory.path + "/data"
        try withFile(path) { file throws in
            let fault = DiskFault(.write, below: path, .fail(errno: EIO))
            #expect(put(file, 8, at: 0) == -1)
            #expect(try FileSystem.fileLength(path) == 0)
            #expect(fault.hits == 1)
        }
    }

    @Test func kindsAndPathsAreToldApart() throws {
        let directory = try Scratch("shim")
        try FileSystem.makeDirectory(directory.path + "/a")
        try FileSystem.makeDirectory(directory.path + "/ab")
        let fault = DiskFault(
            .metaWrite,
            below: directory.path + "/a",
            sticky: true,
            .fail(errno: EIO)
        )
        let counter = DiskCounter(below: directory.path)
        try withFile(directory.path + "/ab/data", flags: O_DSYNC) {
            #expect(put($0, 120, at: 0) == 120)
        }
        try withFile(directory.path + "/a/data") { #expect(put($0, 8, at: 0) == 8) }
        try withFile(directory.path + "/a/data", flags: O_DSYNC) { file throws in
            #expect(put(file, 120, at: 16) == -1)
            #expect(put(file, 120, at: 8192) == 120)
            #expect(put(file, 4096, at: 0) == 4096)
        }
        #expect(fault.hits == 1)
        #expect(counter.calls(.metaWrite) == 2)
        #expect(counter.calls(.write) == 3)
        #expect(counter.bytes == 120 + 8 + 120 + 4096)
    }

    @Test func allocationDirectoriesAndRenamesFailToo() throws {
        let directory = try Scratch("shim")
        let path = directory.path + "/data"
        try withFile(path) { file throws in
            let full = DiskFault(.allocate, below: path, .fail(errno: ENOSPC))
            #expect(throws: PosixError(code: ENOSPC, operation: "fallocate", path: path)) {
                try ZeroRunway.extend(descriptor: file, path: path, from: 0, to: 8192)
            }
            #expect(full.hits == 1)
            #expect(try FileSystem.fileLength(path) == 0)
            // Allocated, and full all the same while the zeros are written.
            let late = DiskFault(.write, below: path, nth: 2, .fail(errno: ENOSPC))
            #expect(throws: PosixError(code: ENOSPC, operation: "pwrite", path: path)) {
                try ZeroRunway.extend(
                    descriptor: file,
                    path: path,
                    from: 0,
                    to: 8192,
                    chunkBytes: 4096
                )
            }
            #expect(late.hits == 1)
            #expect(try FileSystem.fileLength(path) == 4096)
        }
        let sync = DiskFault(.directorySync, below: directory.path, .fail(errno: EIO))
        #expect(throws: PosixError(code: EIO, operation: "fsync", path: directory.path)) {
            try FileSystem.syncDirectory(directory.path)
        }
        let rename = DiskFault(.rename, below: directory.path, .fail(errno: EIO))
        #expect(throws: PosixError(code: EIO, operation: "rename", path: path)) {
            try FileSystem.rename(path, to: path + "2")
        }
        #expect(sync.hits == 1 && rename.hits == 1)
        #expect(FileSystem.exists(path))
    }

    @Test func aShortWriteTakesTheFirstBytes() throws {
        let directory = try Scratch("shim")
        let path = directory.path + "/data"
        try withFile(path) { file throws in
            let fault = DiskFault(.write, below: path, .short(bytes: 3))
            #expect(put(file, 8, at: 0) == 3)
            #expect(fault.hits == 1)
            #expect(try FileSystem.fileLength(path) == 3)
            // Who writes in a loop gets it all there.
            let again = DiskFault(.write, below: path, .short(bytes: 100))
            #expect(
                try ZeroRunway.extend(descriptor: file, path: path, from: 3, to: 1003) == 1000
            )
            #expect(again.hits == 1)
            #expect(try FileSystem.fileLength(path) == 1003)
        }
    }

    @Test func aFlushWaitsAtTheGateUntilReleased() throws {
        let directory = try Scratch("shim")
        let path = directory.path + "/data"
        let gate = DiskFault(.flush, below: path, .gate)
        let thread = try PinnedThread(name: "flusher") { [path] in
            let file = open(path, O_RDWR | O_CREAT, 0o600)
            fdatasync(file)
            close(file)
        }
        let arrived = gate.awaitArrival()
        #expect(arrived)
        #expect(!thread.hasEnded)
        gate.release()
        thread.join()
        #expect(gate.hits == 1)
    }

    @Test func aSlowFlushTakesItsTime() throws {
        let directory = try Scratch("shim")
        try withFile(directory.path + "/data") { file throws in
            let fault = DiskFault(.flush, below: directory.path, .delay(microseconds: 2000))
            let before = MonotonicClock.now()
            #expect(fdatasync(file) == 0)
            #expect(before.duration(to: MonotonicClock.now()) >= .milliseconds(2))
            #expect(fault.hits == 1)
        }
    }
}
