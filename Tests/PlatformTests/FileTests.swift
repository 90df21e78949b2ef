import Platform
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

@Suite(.shared) struct FileTests {
    @Test func anErrorSaysWhatFailedOnWhatAndWhy() {
        let error = PosixError(code: ENOENT, operation: "open", path: "data/n1")
        #expect(error.description == "open data/n1: No such file or directory")
        #expect(error.isMissing && !error.isFull)
        let pathless = PosixError(code: ENOSPC, operation: "pwrite", path: "")
        #expect(pathless.description == "pwrite: No space left on device")
        #expect(pathless.isFull)
    }

    @Test func directoriesAndFiles() throws {
        let temporary = try Scratch("platform")
        let inner = temporary.path + "/a/b"
        try FileSystem.makeDirectories(inner)
        try FileSystem.makeDirectories(inner)
        #expect(throws: PosixError(code: EEXIST, operation: "mkdir", path: inner)) {
            try FileSystem.makeDirectory(inner)
        }
        let file = try temporary.file("a/two", [1, 2, 3])
        _ = try temporary.file("a/one")
        #expect(try FileSystem.listDirectory(temporary.path + "/a") == ["b", "one", "two"])
        #expect(try FileSystem.fileLength(file) == 3)
        try FileSystem.syncFile(file)
        try FileSystem.syncDirectory(temporary.path + "/a")
        try FileSystem.rename(file, to: inner + "/moved")
        #expect(!FileSystem.exists(file))
        #expect(FileSystem.exists(inner + "/moved"))
        #expect(try FileSystem.freeSpace(temporary.path) > 0)
    }

    @Test func removingATreeRemovesLinksAndNotWhatTheyPointTo() throws {
        let temporary = try Scratch("platform")
        let kept = try temporary.file("kept", [1])
        try FileSystem.makeDirectories(temporary.path + "/tree/deep")
        #expect(symlink("../../kept", temporary.path + "/tree/deep/link") == 0)
        #expect(symlink("nowhere", temporary.path + "/tree/dangling") == 0)
        #expect(FileSystem.exists(temporary.path + "/tree/dangling"))
        try FileSystem.removeTree(temporary.path + "/tree")
        #expect(try FileSystem.listDirectory(temporary.path) == ["kept"])
        #expect(try read(kept) == [1])
        try FileSystem.removeTree(temporary.path + "/tree")
    }

    @Test func whatIsMissingIsATypedError() throws {
        let temporary = try Scratch("platform")
        let path = temporary.path + "/none"
        #expect(throws: PosixError(code: ENOENT, operation: "open", path: path)) {
            try FileSystem.syncFile(path)
        }
        #expect(throws: PosixError(code: ENOENT, operation: "open", path: path)) {
            try FileSystem.syncDirectory(path)
        }
        #expect(throws: PosixError(code: ENOENT, operation: "stat", path: path)) {
            try FileSystem.fileLength(path)
        }
        #expect(throws: PosixError(code: ENOENT, operation: "opendir", path: path)) {
            try FileSystem.listDirectory(path)
        }
        #expect(throws: PosixError(code: ENOENT, operation: "statfs", path: path)) {
            try FileSystemKind(path: path)
        }
        #expect(throws: PosixError(code: ENOENT, operation: "rename", path: path)) {
            try FileSystem.rename(path, to: path + "2")
        }
    }

    @Test func aLockHasOneHolderAtATime() throws {
        let temporary = try Scratch("platform")
        let path = temporary.path + "/lock"
        do {
            let lock = try FileLock(path: path)
            #expect(throws: FileLockError.held(path: path)) { _ = try FileLock(path: path) }
            _ = consume lock
        }
        _ = try FileLock(path: path)
        let missing = temporary.path + "/no/lock"
        #expect(
            throws: FileLockError.posix(
                PosixError(code: ENOENT, operation: "open", path: missing)
            )
        ) { _ = try FileLock(path: missing) }
    }

    @Test func kindsOfFileSystems() throws {
        #expect(try FileSystemKind(path: ".").isMemory == false)
        #expect(FileSystemKind(magic: 0xEF53).name == "ext4")
        for (magic, name) in [(0x6969, "nfs"), (0xFF53_4D42, "cifs"), (0x0102_1997, "9p")] {
            let kind = FileSystemKind(magic: UInt32(magic))
            #expect(kind.name == name && kind.isNetwork && !kind.isMemory)
        }
        let memory = FileSystemKind(magic: 0x0102_1994)
        #expect(memory.name == "tmpfs" && memory.isMemory && !memory.isNetwork)
        #expect(FileSystemKind(magic: 0x6573_5546).isUserSpace)
        #expect(FileSystemKind(magic: 0xABCD).name == "unknown (0xabcd)")
        #if os(Linux)
        #expect(try FileSystemKind(path: "/proc").name == "unknown (0x9fa0)")
        #endif
    }
}

@Suite(.shared) struct ZeroRunwayTests {
    /// The file is longer, has its blocks, and nothing was written into it.
    @Test func roomIsReservedWithoutWriting() throws {
        let directory = try Scratch("platform")
        let path = directory.path + "/f"
        let descriptor = open(path, O_RDWR | O_CREAT, 0o600)
        defer { close(descriptor) }
        #expect(write(descriptor, "abc", 3) == 3)
        let isReserved = try ZeroRunway.reserve(
            descriptor: descriptor,
            path: path,
            from: 3,
            to: 1 << 20
        )
        guard isReserved else { return }
        #expect(try FileSystem.fileLength(path) == 1 << 20)
        var status = stat()
        #expect(fstat(descriptor, &status) == 0)
        #expect(status.st_blocks * 512 >= 1 << 20)
        var bytes = [UInt8](repeating: 1, count: 4)
        #expect(pread(descriptor, &bytes, 4, 1) == 4)
        #expect(bytes == [98, 99, 0, 0])
    }

    /// Somebody may have written beyond what one believes to be the end.
    @Test func reservingNeverCutsAFile() throws {
        let temporary = try Scratch("platform")
        let path = try temporary.file("data", [UInt8](repeating: 7, count: 10_000))
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        for end in [5_000, 10_000] as [Int64] {
            _ = try ZeroRunway.reserve(descriptor: descriptor, path: path, from: 100, to: end)
            #expect(try read(path) == [UInt8](repeating: 7, count: 10_000))
        }
    }

    @Test func extendsByWrittenZerosAndLeavesWhatIsThere() throws {
        let temporary = try Scratch("platform")
        let path = try temporary.file("data", [1, 2, 3])
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        let written = try ZeroRunway.extend(
            descriptor: descriptor,
            path: path,
            from: 0,
            to: 10_000,
            chunkBytes: 4096
        )
        #expect(written == 9997)
        #expect(try read(path) == [1, 2, 3] + [UInt8](repeating: 0, count: 9997))
        var status = stat()
        #expect(fstat(descriptor, &status) == 0)
        #expect(status.st_blocks * 512 >= 10_000)
    }

    @Test func aRangeThatIsThereIsLeftAlone() throws {
        let temporary = try Scratch("platform")
        let path = try temporary.file("data", [UInt8](repeating: 7, count: 100))
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        #expect(
            try ZeroRunway.extend(descriptor: descriptor, path: path, from: 10, to: 100) == 0
        )
        #expect(try read(path) == [UInt8](repeating: 7, count: 100))
    }

    @Test func aFileOpenForReadingIsATypedError() throws {
        let temporary = try Scratch("platform")
        let path = try temporary.file("data")
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        #expect(throws: PosixError.self) {
            try ZeroRunway.extend(descriptor: descriptor, path: path, from: 0, to: 10)
        }
        #expect(try FileSystem.fileLength(path) == 0)
    }

    #if os(Linux)
    /// A length no file system takes is refused by the allocation, before a byte is written. A
    /// real full disk takes the same way.
    @Test func aRefusedAllocationChangesNothing() throws {
        let temporary = try Scratch("platform")
        let path = try temporary.file("data", [1])
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        #expect(throws: PosixError(code: EFBIG, operation: "fallocate", path: path)) {
            try ZeroRunway.extend(descriptor: descriptor, path: path, from: 1, to: .max)
        }
        #expect(try read(path) == [1])
    }
    #endif
}
