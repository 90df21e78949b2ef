#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The few things done with files and directories by path. Blocking: not for the cooperative pool.
package enum FileSystem {
    /// Whether something is at the path, a dangling symbolic link included.
    package static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Whether something is at the path; throws if that cannot be told, as in a directory that may not be
    /// searched.
    package static func isThere(_ path: String) throws(PosixError) -> Bool {
        var status = stat()
        do throws(PosixError) {
            _ = try PosixError.check("lstat", path) { lstat(path, &status) }
            return true
        } catch {
            guard error.isMissing else { throw error }
            return false
        }
    }

    /// Whether the path leads to the file that is open. Throws if that cannot be told.
    package static func leads(_ path: String, to descriptor: Int32) throws(PosixError) -> Bool {
        var named = stat()
        var held = stat()
        _ = try PosixError.check("fstat", path) { fstat(descriptor, &held) }
        do throws(PosixError) {
            _ = try PosixError.check("stat", path) { stat(path, &named) }
        } catch {
            guard error.isMissing || error.code == ENOTDIR else { throw error }
            return false
        }
        return named.st_dev == held.st_dev && named.st_ino == held.st_ino
    }

    /// Whether a directory is at the path itself; a symbolic link to one is none.
    package static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The length of the file in bytes.
    package static func fileLength(_ path: String) throws(PosixError) -> Int64 {
        var status = stat()
        _ = try PosixError.check("stat", path) { stat(path, &status) }
        return Int64(status.st_size)
    }

    /// Up to `count` bytes from `offset` on; fewer only at the end of the file.
    package static func read(
        _ path: String,
        at offset: Int,
        count: Int
    ) throws(PosixError) -> [UInt8] {
        let descriptor = try PosixError.check("open", path) { open(path, O_RDONLY | O_CLOEXEC) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        let got = bytes.withUnsafeMutableBytes { room in
            pread(descriptor, room.baseAddress, room.count, off_t(offset))
        }
        guard got >= 0 else { throw PosixError(code: errno, operation: "read", path: path) }
        bytes.removeLast(count - got)
        return bytes
    }

    /// Finds out whether a file can be written, and makes it if it is not there; what is in it stays.
    package static func makeWritable(_ path: String) throws(PosixError) {
        let descriptor = try PosixError.check("open", path) {
            open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        }
        close(descriptor)
    }

    /// Writes a file whole, in the place of one that may be there. Not durable, and a crash leaves a part:
    /// for reports, not for data.
    package static func write(_ bytes: [UInt8], to path: String) throws(PosixError) {
        let descriptor = try PosixError.check("open", path) {
            open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try PosixError.check("write", path) {
                rest.withUnsafeBytes { systemWrite(descriptor, $0) }
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Makes one directory, for its owner alone. Its parent must exist; it must not.
    /// Durable after `syncDirectory` of the parent.
    package static func makeDirectory(_ path: String) throws(PosixError) {
        _ = try PosixError.check("mkdir", path) { mkdir(path, 0o700) }
    }

    /// Makes a directory and those above it that are missing.
    package static func makeDirectories(_ path: String) throws(PosixError) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            prefix += part
            do {
                try makeDirectory(prefix)
            } catch  where error.code == EEXIST {
                // Made before, or by somebody else just now.
            }
            prefix += "/"
        }
    }

    /// Renames within one file system, replacing what is there. Durable after `syncDirectory` of
    /// the parents.
    package static func rename(_ from: String, to: String) throws(PosixError) {
        #if canImport(Glibc)
        _ = try PosixError.check("rename", from) { Glibc.rename(from, to) }
        #elseif canImport(Musl)
        _ = try PosixError.check("rename", from) { Musl.rename(from, to) }
        #else
        _ = try PosixError.check("rename", from) { Darwin.rename(from, to) }
        #endif
    }

    /// Removes one file.
    package static func removeFile(_ path: String) throws(PosixError) {
        _ = try PosixError.check("unlink", path) { unlink(path) }
    }

    /// Removes a file, or a directory with all that is in it. Links are removed, not followed.
    /// Nothing at the path is no error.
    package static func removeTree(_ path: String) throws(PosixError) {
        var status = stat()
        do {
            _ = try PosixError.check("lstat", path) { lstat(path, &status) }
        } catch  where error.isMissing {
            return
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return try removeFile(path) }
        for name in try listDirectory(path) {
            try removeTree(path + "/" + name)
        }
        _ = try PosixError.check("rmdir", path) { rmdir(path) }
    }

    /// The names in a directory, sorted, without `.` and `..`.
    package static func listDirectory(_ path: String) throws(PosixError) -> [String] {
        guard let directory = opendir(path) else {
            throw PosixError(code: errno, operation: "opendir", path: path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                let code = errno
                if code != 0 { throw PosixError(code: code, operation: "readdir", path: path) }
                return names.sorted()
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    /// Bytes that an unprivileged process may still write on the path's file system.
    package static func freeSpace(_ path: String) throws(PosixError) -> UInt64 {
        var found = statvfs()
        _ = try PosixError.check("statvfs", path) { statvfs(path, &found) }
        let (bytes, overflow) = UInt64(found.f_bavail)
            .multipliedReportingOverflow(by: UInt64(found.f_frsize))
        return overflow ? .max : bytes
    }

    /// Makes durable which files the directory holds under which names. Not what is in them.
    package static func syncDirectory(_ path: String) throws(PosixError) {
        try sync(path, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }

    /// Makes durable what is in the file, and its length. Not its name.
    ///
    /// An error is final: the kernel may have thrown away what it could not write, and a second
    /// call would report success.
    package static func syncFile(_ path: String) throws(PosixError) {
        try sync(path, flags: O_RDONLY | O_CLOEXEC)
    }

    private static func sync(_ path: String, flags: Int32) throws(PosixError) {
        let descriptor = try PosixError.check("open", path) { open(path, flags) }
        defer { close(descriptor) }
        #if canImport(Darwin)
        // Darwin's fsync leaves the bytes in the drive's cache; file systems that do not know the
        // full flush get the plain one.
        if fcntl(descriptor, F_FULLFSYNC) == 0 { return }
        #endif
        // Not repeated on EINTR: what a second fsync answers about the first is unknown.
        guard fsync(descriptor) == 0 else {
            throw PosixError(code: errno, operation: "fsync", path: path)
        }
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
