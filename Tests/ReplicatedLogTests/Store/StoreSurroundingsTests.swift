import FailingDisks
import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What operators do to directories, disks and limits. Each was an end by a signal, or an error under
/// another's name.
@Suite(.shared) struct StoreSurroundingsTests {
    let directory: StoreDirectory

    init() throws { directory = try StoreDirectory() }

    private func open(_ path: String) throws(LogOpenError) -> LMDBStore {
        try LMDBStore.open(at: path, expecting: nil, storage: .small, limits: .small)
    }

    private func create(_ path: String) throws(LogCreateError) {
        try LMDBStore.create(
            at: path,
            cluster: directory.cluster,
            node: 1,
            membership: directory.membership,
            storage: .small
        )
    }

    // MARK: - The directory

    /// `rm -r` of the directory of a running node: it acknowledged on, and nothing was there afterwards.
    @Test(arguments: [false, true])
    func aRemovedDirectoryEndsTheStore(isReplaced: Bool) throws {
        try directory.create()
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        store.append(1, 1...1)
        #expect(listener.wait(through: 1))
        try FileSystem.removeTree(directory.path)
        if isReplaced { try directory.create() }
        // Idle or not.
        #expect(listener.wait { !$0.failures.isEmpty })
        #expect(listener.now.failures.first?.operation == "look")
        store.append(2, 2...2)
        store.closeAndWait()
        #expect(listener.now.through.last == WriteID(1))
    }

    @Test func aDirectoryIsItsOwnersAlone() throws {
        try directory.create()
        var status = stat()
        #expect(stat(directory.path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o700)
    }

    /// Only what the system says is not there is missing.
    @Test func whatMayNotBeSearchedIsNotMissing() async throws {
        try directory.create()
        let root = directory.root
        await #expect(processExitsWith: .success) { [root = root as String] in
            let path = root + "/n1"
            chmod(root, 0o700)
            chmod(path, 0)
            // As a user who may not; root may everything.
            guard getuid() != 0 || seteuid(65_534) == 0 else { return }
            let denied = failure { () throws(LogOpenError) in
                _ = try LMDBStore.open(at: path, expecting: nil)
            }
            let unsearchable = failure { () throws(LogOpenError) in
                _ = try DirectoryReader(at: path + "/deeper")
            }
            _ = seteuid(0)
            chmod(path, 0o700)
            guard case .permissionDenied = denied, case .permissionDenied = unsearchable else {
                fatalError("\(String(describing: denied)), \(String(describing: unsearchable))")
            }
        }
    }

    /// Whoever may read may look, and leaves nothing behind.
    @Test func readingNeedsNoRightToWriteAndLeavesNothing() async throws {
        try directory.create()
        try directory.open().closeAndWait()
        for name in ["log.mdb-lock", "log.mdb-owner"] {
            try FileSystem.removeFile(directory.path + "/" + name)
        }
        let root = directory.root
        await #expect(processExitsWith: .success) { [root = root as String] in
            let path = root + "/n1"
            for (name, mode) in [(root, 0o755), (path, 0o555), (path + "/log.mdb", 0o444)] {
                chmod(name, mode_t(mode))
            }
            guard getuid() != 0 || seteuid(65_534) == 0 else { return }
            do throws(LogOpenError) {
                let reader = try DirectoryReader(at: path)
                let boot = try reader.state().boot
                precondition(boot == Boot(1))
            } catch {
                // A directory above may not be searchable by others on this machine.
                guard case .permissionDenied(path) = error else { fatalError("\(error)") }
            }
        }
        #expect(try DirectoryReader(at: directory.path).state().boot == Boot(1))
        #expect(try FileSystem.listDirectory(directory.path) == ["log.mdb"])
    }

    // MARK: - Limits

    /// The runway of an idle node met `ulimit -f`, and the signal ended it.
    @Test func aLimitOfFilesIsFullAndReadsGoOn() async throws {
        try directory.create()
        let path = directory.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            let length = Int(try FileSystem.fileLength(path + "/log.mdb"))
            Self.setLimit(RLIMIT_FSIZE, length + (2 << 20))
            let store = try LMDBStore.open(
                at: path,
                expecting: nil,
                storage: .small,
                limits: .small
            )
            let listener = Listener()
            store.start(observer: listener)
            var id: UInt64 = 0
            while listener.now.fulls.isEmpty {
                id += 1
                store.append(id, id * 8 - 7...id * 8, bytes: 4_000)
                let isHeard = listener.wait {
                    !$0.fulls.isEmpty || $0.through.last?.rawValue == id
                }
                precondition(isHeard)
            }
            precondition(listener.now.fulls == [true] && listener.now.failures.isEmpty)
            let rows = try store.page(1...8).get().rows.count
            precondition(rows == 8, "reads go on")
            // With more room it goes on by itself.
            Self.setLimit(RLIMIT_FSIZE, .max)
            precondition(listener.wait { $0.fulls == [true, false] })
            store.append(id + 1, id * 8 + 1...id * 8 + 8)
            precondition(listener.wait(through: id + 1))
            store.closeAndWait()
            // A limit below what is there: a refusal with a name.
            Self.setLimit(RLIMIT_FSIZE, 8_192)
            let refusal = failure { () throws(LogOpenError) in
                _ = try LMDBStore.open(at: path, expecting: nil, storage: .small)
            }
            guard case .outOfSpace = refusal else {
                fatalError("\(String(describing: refusal))")
            }
        }
    }

    /// `init` had no option to make the map smaller, and `system` was all it said.
    @Test(.enabled(if: !isSanitized, "a sanitizer takes more of the address space itself"))
    func anAddressSpaceWithoutRoomForTheMapIsNamed() async throws {
        let path = directory.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            let cluster = try ClusterID("tests")
            let membership = try Membership([1])
            Self.setLimit(RLIMIT_AS, 64 << 30)
            let refusal = failure { () throws(LogCreateError) in
                _ = try LMDBStore.create(
                    at: path,
                    cluster: cluster,
                    node: 1,
                    membership: membership
                )
            }
            precondition(refusal == .noAddressSpace(path: path, mapSize: 1 << 40))
            _ = try LMDBStore.create(
                at: path,
                cluster: cluster,
                node: 1,
                membership: membership,
                storage: .small
            )
            let opening = failure { () throws(LogOpenError) in
                _ = try LMDBStore.open(at: path, expecting: nil)
            }
            precondition(opening == .noAddressSpace(path: path, mapSize: 1 << 40))
            try LMDBStore.open(at: path, expecting: nil, storage: .small).closeAndWait()
        }
    }

    private static func setLimit(_ limit: __rlimit_resource, _ value: Int) {
        let infinity = value == .max ? rlim_t.max : rlim_t(value)
        var pair = rlimit(rlim_cur: infinity, rlim_max: rlim_t.max)
        precondition(setrlimit(__rlimit_resource_t(limit.rawValue), &pair) == 0)
    }

    // MARK: - Disks

    /// LMDB's lock file needs a block where the disk has none: mapped before it was there, the first store
    /// into it ended the process (SIGBUS), and that of every tool.
    @Test func aDiskWithoutRoomForTheLockFileRefuses() throws {
        guard let disk = SmallDisk(below: directory.root, mebibytes: 24) else { return }
        let path = disk.mountPoint + "/n1"
        try create(path)
        disk.fill()
        let before = try FileSystem.listDirectory(path)
        let refusal = failure { () throws(LogOpenError) in _ = try open(path) }
        guard case .outOfSpace(let named) = refusal else {
            return #expect(Bool(false), "\(String(describing: refusal))")
        }
        #expect(named.contains("n1"))
        #expect(try DirectoryReader(at: path).state().committed == .zero)
        #expect(try FileSystem.listDirectory(path).filter { $0 != "log.mdb-lock" } == before)
        try disk.free()
        try open(path).closeAndWait()
    }

    @Test func aDiskForReadingIsNamedAndCanBeLookedAt() throws {
        guard let disk = SmallDisk(below: directory.root, mebibytes: 24) else { return }
        let path = disk.mountPoint + "/n1"
        try create(path)
        guard disk.makeReadOnly() else { return }
        let refusal = failure { () throws(LogOpenError) in _ = try open(path) }
        guard case .readOnly = refusal else {
            return #expect(Bool(false), "\(String(describing: refusal))")
        }
        #expect(try DirectoryReader(at: path).state().committed == .zero)
        let other = failure { () throws(LogCreateError) in try create(disk.mountPoint + "/n2") }
        guard case .readOnly = other else {
            return #expect(Bool(false), "\(String(describing: other))")
        }
    }
}

/// A sanitizer's runtime is in this process.
private let isSanitized = dlsym(nil, "__tsan_init") != nil || dlsym(nil, "__asan_init") != nil
