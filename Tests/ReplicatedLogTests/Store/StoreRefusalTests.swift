import LMDB
import LogWire
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

@Suite(.shared) struct StoreRefusalTests {
    let directory: StoreDirectory

    init() throws { directory = try StoreDirectory() }

    // MARK: - Creating

    @Test func creationNeedsAnEmptyPlace() throws {
        let path = directory.path
        try FileSystem.makeDirectory(path)
        try directory.create()
        #expect(try FileSystem.listDirectory(path) == ["log.mdb", "log.mdb-owner"])
        #expect(throws: LogCreateError.notEmpty(path: path)) { try directory.create() }
        try FileSystem.removeTree(path)
        #expect(symlink("nowhere", path) == 0)
        #expect(throws: LogCreateError.notADirectory(path: path)) { try directory.create() }
        // Nothing was left beside it.
        #expect(try FileSystem.listDirectory(directory.root) == ["n1"])
    }

    @Test func creationMakesMissingParentsAndTakesASlash() throws {
        let path = directory.root + "/a/b/n1/"
        try LMDBStore.create(
            at: path,
            cluster: directory.cluster,
            node: 1,
            membership: directory.membership,
            storage: .small
        )
        try LMDBStore.open(at: path, expecting: nil, storage: .small, limits: .small).closeAndWait()
    }

    @Test func creationRefusesANodeThatIsNoMember() {
        #expect(throws: LogCreateError.notAMember(node: 9)) {
            try LMDBStore.create(
                at: directory.path,
                cluster: directory.cluster,
                node: 9,
                membership: directory.membership
            )
        }
        var storage = StorageOptions.small
        storage.softLimitPercent = 0
        #expect(throws: LogCreateError.self) { try directory.create(storage: storage) }
        #expect(!FileSystem.exists(directory.path))
    }

    @Test func aLeftoverOfACrashedCreationHarmsNobody() throws {
        let leftover = directory.root + "/.n1.creating-xyz"
        try FileSystem.makeDirectory(leftover)
        try directory.create()
        try directory.open().closeAndWait()
        #expect(FileSystem.exists(leftover))
    }

    // MARK: - Opening

    @Test func nothingIsEverMadeByOpening() throws {
        let path = directory.path
        #expect(directory.refusal() == .missingDirectory(path: path))
        try FileSystem.makeDirectory(path)
        #expect(directory.refusal() == .notALog(path: path))
        #expect(try FileSystem.listDirectory(path).isEmpty)
        try Environment.open(path: directory.file, options: .init(mapSize: 1 << 20))
            .withWrite { _ in }
        #expect(directory.refusal() == .notALog(path: path))
    }

    @Test func otherIdentitiesAreRefused() throws {
        try directory.create()
        let path = directory.path
        let other = try ClusterID("other")
        let foreign = LogOpenError.foreignCluster(
            path: path,
            found: directory.cluster,
            expected: other
        )
        #expect(directory.refusal(cluster: other, node: 2) == foreign)
        #expect(
            directory.refusal(node: 2) == .foreignNode(path: path, found: 1, expected: 2)
        )
        let members = try Membership([1, 2])
        let different = LogOpenError.differentMembers(
            path: path,
            found: directory.membership,
            expected: members
        )
        #expect(directory.refusal(membership: members) == different)
        #expect("\(foreign)".contains(path))
        // None of these counted as an opening.
        let store = try directory.open()
        #expect(store.recover().boot == Boot(1))
        store.closeAndWait()
    }

    /// The members have agreed on what the directory was made with.
    @Test func anotherLimitIsRefusedByName() throws {
        try directory.create()
        let made = Limits.small
        let others: [(String, (inout Limits) -> Void)] = [
            ("maxPayloadBytes", { $0.maxPayloadBytes -= 1 }), ("pageBytes", { $0.pageBytes += 1 }),
            ("maxBatchEntries", { $0.pipelineSlots += 2 }),
            ("pipelineSlots", { $0.pipelineSlots += 1 }),
            ("maxBatchBytes", { $0.pipelineBytes += 2 }),
        ]
        for (name, change) in others {
            var limits = made
            change(&limits)
            guard
                case .differentLimit(_, name, let found, let expected) = directory.refusal(
                    limits: limits
                )
            else {
                Issue.record("\(name) is not refused")
                continue
            }
            #expect(found != expected)
        }
        // Nor do limits of the node alone matter, and none of these counted as an opening.
        var limits = made
        limits.tailBytes += 1
        let store = try directory.open(limits: limits)
        #expect(store.recover().boot == Boot(1))
        store.closeAndWait()
    }

    @Test func anotherFormatIsNamedWhateverElseItHolds() throws {
        let path = directory.path
        let supported = Schema.formatVersion
        let identity = try directory.create()
        let next = supported + 1
        try write(format: UInt8(next), of: identity)
        #expect(directory.refusal() == .newerFormat(path: path, found: next, supported: supported))
        for found in [0, 1, 2] as [UInt32] {
            try write(format: UInt8(found), of: identity)
            #expect(
                directory.refusal() == .olderFormat(path: path, found: found, supported: supported)
            )
            #expect(
                throws: LogOpenError.olderFormat(path: path, found: found, supported: supported)
            ) { _ = try DirectoryReader(at: path) }
        }
    }

    private func write(format: UInt8, of identity: DirectoryIdentity) throws {
        var bytes = Array(identity.storedBytes[..<8])
        bytes += [format, 0, 0, 0, 1, 2, 3]
        do {
            let environment = try Environment.open(
                path: directory.file,
                options: .init(mapSize: 1 << 20)
            )
            let state = try environment.openDatabase("state", keys: [UInt8].self)
            try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
                try txn.put(bytes, for: Schema.identityKey, in: state)
            }
        }
    }

    @Test func aDamagedValueIsNamed() throws {
        try directory.create()
        do {
            let environment = try Environment.open(
                path: directory.file,
                options: .init(mapSize: 1 << 20)
            )
            let state = try environment.openDatabase("state", keys: [UInt8].self)
            try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
                try txn.put([1, 2, 3], for: StateName.promised.key, in: state)
            }
        }
        guard case .corrupt(_, "the promised ballot") = directory.refusal() else {
            return #expect(Bool(false), "\(String(describing: directory.refusal()))")
        }
    }

    // MARK: - In use

    @Test func aDirectoryIsOpenedOnce() async throws {
        try directory.create()
        let store = try directory.open()
        #expect(directory.refusal() == .directoryInUse(path: directory.path))
        #expect(throws: LogOpenError.directoryInUse(path: directory.path)) {
            _ = try DirectoryReader(at: directory.path)
        }
        let path = directory.path
        await #expect(processExitsWith: .exitCode(42)) { [path = path as String] in
            let error = failure { () throws(LogOpenError) in
                _ = try LMDBStore.open(at: path, expecting: nil)
            }
            exit(error == .directoryInUse(path: path) ? 42 : 1)
        }
        store.closeAndWait()
        let again = try directory.open()
        #expect(again.recover().boot == Boot(2))
        again.closeAndWait()
    }

    @Test func everyOpeningCountsAndTwoDirectoriesDoNotMeet() throws {
        try directory.create()
        let other = try StoreDirectory()
        try other.create()
        let neighbour = try other.open()
        for boot in 1...5 as ClosedRange<UInt64> {
            let store = try directory.open()
            #expect(store.recover().boot == Boot(boot))
            store.closeAndWait()
        }
        let listener = Listener()
        neighbour.start(observer: listener)
        neighbour.append(1, 1...1)
        #expect(listener.wait(through: 1))
        neighbour.closeAndWait()
        #expect(neighbour.identity.incarnation != (try directory.open()).identity.incarnation)
    }
}
