import LMDB
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Story: a child that another thread is forking while an environment is closed has copies of all its
/// descriptors until it executes its program, and kept the file locks with them, so that opening again
/// at once was refused now and then.
@Suite(.shared) struct SharedDescriptorTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test(arguments: [Environment.Access.write, .inspect])
    func aCopyOfADescriptorKeepsNoLock(_ access: Environment.Access) throws {
        try directory.open().close()
        let environment = try directory.open(access: access)
        // Never LMDB's own lock file: closing any descriptor of it drops the reader table's locks.
        let copies = [directory.data, directory.data + "-owner"].flatMap(copiesOfDescriptors)
        defer { for copy in copies { close(copy) } }
        #expect(copies.count >= 2)
        environment.close()
        try directory.open().close()
    }

    /// What a fork does: other descriptors of the same open file.
    private func copiesOfDescriptors(of path: String) -> [Int32] {
        var wanted = stat()
        guard stat(path, &wanted) == 0 else { return [] }
        return (0..<Int32(16_384)).compactMap { descriptor in
            var found = stat()
            guard fstat(descriptor, &found) == 0, found.st_ino == wanted.st_ino,
                found.st_dev == wanted.st_dev
            else { return nil }
            return dup(descriptor)
        }
    }
}
