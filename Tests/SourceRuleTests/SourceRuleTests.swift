import Testing

/// The rules of the source tree hold for the tree, and each can fail.
@Suite struct SourceRuleTests {
    @Test func theTreeKeepsTheRules() throws {
        let files = try SourceRules.tree()
        #expect(files.contains { $0.path == "Sources/PaxosCore/Node/NodeCore.swift" })
        #expect(files.contains { $0.path == "Tests/SourceRuleTests/SourceRuleTests.swift" })
        for file in files {
            #expect(SourceRules.imports(file) == [])
            #expect(SourceRules.traits(file) == [])
            #expect(SourceRules.length(file) == [])
            #expect(SourceRules.bannedCalls(file) == [])
            #expect(SourceRules.vocabulary(file) == [])
            #expect(SourceRules.wallClocks(file) == [])
            #expect(SourceRules.sleeps(file) == [])
        }
        #expect(SourceRules.receipts(files) == [])
        #expect(SourceRules.circles(files) == [])
        #expect(SourceRules.unordered(files) == [])
    }

    private static func file(_ path: String, _ text: String) -> SourceFile {
        SourceFile(path: path, text: text + "\n")
    }

    @Test(arguments: [
        ("PaxosCore", "import Glibc"), ("PaxosCore", "import Synchronization"),
        ("PaxosCore", "  import Swift"), ("PaxosCore", "@preconcurrency import Dispatch"),
        ("LMDB", "internal import Foundation"), ("LMDB", "import PaxosCore"),
        ("Platform", "import Dispatch"), ("Platform", "import LMDB"),
        ("ReplicatedLog", "import NIOCore"), ("ReplicatedLog", "package import Foundation"),
        ("ReplicatedLog", "@_exported public import Metrics"),
        ("ReplicatedLog", "@_implementationOnly import CLMDB"),
        ("ReplicatedLog", "@_spi(Testing) import NIO"),
        ("ReplicatedLog", "import struct Foundation.Data"),
        ("ReplicatedLogTCP", "import LMDB"), ("LogWire", "import NIOCore"),
        ("LogWire", "import LMDB"), ("ReplicatedLog", "import CCRC32C"),
        ("LogStorage", "import Logging"), ("LogStorage", "public import ReplicatedLog"),
        ("LogStorage", "internal import NIOCore"), ("ReplicatedLog", "internal import LMDB"),
        ("ReplicatedLog", "internal import LogWire"),
        ("PaxosSimulator", "import Glibc"),
        ("ReplicatedLogTestKit", "import Testing"), ("Unheard", "let x = 1"),
    ])
    func aWrongImportIsFound(_ target: String, _ line: String) {
        let file = Self.file("Sources/\(target)/A.swift", "// A comment.\n" + line)
        #expect(SourceRules.imports(file).count == 1)
    }

    @Test(arguments: [
        ("PaxosCore", "// import Glibc"), ("PaxosCore", "/// We import Foundation nowhere."),
        ("PaxosCore", "let importance = 1"), ("LMDB", "internal import CLMDB"),
        ("Platform", "import Synchronization"), ("ReplicatedLog", "import Logging  // logs"),
        ("ReplicatedLog", "@_exported public import PaxosCore"), ("rlog", "import Foundation"),
    ])
    func aRightImportIsNone(_ target: String, _ line: String) {
        #expect(SourceRules.imports(Self.file("Sources/\(target)/A.swift", line)) == [])
    }

    @Test func aFolderThatUsesALaterOneIsFound() {
        let tree = Self.file("Sources/LMDB/Pages/Tree.swift", "package final class Tree {}")
        let seal = Self.file("Sources/LMDB/Seal/Seal.swift", "struct Seal { let tree: Tree }")
        let beside = Self.file("Sources/LMDB/File.swift", "let seal: Seal")
        let comment = Self.file("Sources/LMDB/Pages/A.swift", "// A Seal, and Sealed: Tree")
        #expect(SourceRules.circles([tree, seal, beside, comment]) == [])
        let back = Self.file("Sources/LMDB/Pages/B.swift", "func check(_ seal: Seal?) {}")
        #expect(SourceRules.circles([tree, seal, back]).count == 1)
        let queue = Self.file("Sources/LogStorage/Commit/Queue.swift", "enum Queue {}")
        let open = Self.file("Sources/LogStorage/Open/A.swift", "let queue = Queue.none")
        let row = Self.file("Sources/LogStorage/Table/Row.swift", "let queue = Queue.none")
        #expect(SourceRules.circles([queue, open]) == [])
        #expect(SourceRules.circles([queue, row]).count == 1)
        let unheard = Self.file("Sources/LMDB/Unheard/A.swift", "let x = 1")
        #expect(SourceRules.circles([unheard]).count == 1)
        #expect(SourceRules.unordered([unheard, beside]) == [])
        let other = Self.file("Sources/Unheard/Folder/A.swift", "let x = 1")
        #expect(SourceRules.unordered([unheard, other]) == ["Unheard"])
    }

    @Test(arguments: [
        ("ReplicatedLogTCP/A.swift", "internal import NIOSSL"),
        ("ReplicatedLogTCP/Connection/A.swift", "#if TLS"),
        ("ReplicatedLogTCP/TLS/A.swift", "#if TCP"),
        ("ReplicatedLog/Node/LogNode.swift", "public import ServiceLifecycle"),
        ("ReplicatedLog/Engine/A.swift", "#if !ServiceLifecycle"),
    ])
    func aTraitOutOfItsRoomIsFound(_ path: String, _ line: String) {
        #expect(SourceRules.traits(Self.file("Sources/" + path, line)).count == 1)
    }

    @Test(arguments: [
        ("ReplicatedLogTCP/TLS/A.swift", "#if TLS\ninternal import NIOSSL"),
        ("ReplicatedLog/Node/LogNode+Service.swift", "#if ServiceLifecycle"),
        ("ReplicatedLogTCP/A.swift", "#if os(Linux)\n// import NIOSSL"),
    ])
    func aTraitInItsRoomIsNone(_ path: String, _ line: String) {
        #expect(SourceRules.traits(Self.file("Sources/" + path, line)) == [])
    }

    @Test func aLongFileIsFound() {
        let lines = Array(repeating: "//", count: 400)
        let path = "Tests/T/A.swift"
        #expect(SourceRules.length(Self.file(path, lines.joined(separator: "\n"))) == [])
        #expect(SourceRules.length(Self.file(path, (lines + ["//"]).joined(separator: "\n"))) != [])
    }

    @Test(arguments: [
        "let x = try! open()", "default: fatalError(\"never\")", "print(x)", "  print (x)",
        "Swift.print(x)", "debugPrint(x)", "try await Task.sleep(for: .seconds(1))",
        "try await Task<Never, Never>.sleep(nanoseconds: 1)",
        "Options(mapSize: 1, noSync: true)", "options.noSync = true", "flags |= MDB_NOSYNC",
        "flags |= MDB_MAPASYNC  // faster",
    ])
    func aBannedCallIsFound(_ line: String) {
        let file = Self.file("Sources/ReplicatedLog/A.swift", line)
        #expect(SourceRules.bannedCalls(file).count == 1)
    }

    @Test(arguments: [
        "var seen: Set<Slot> = []", "var rows: [Slot: Entry] = [:]",
        "Dictionary(uniqueKeysWithValues: x)",
    ])
    func aHashedOrderIsFoundInTheCore(_ line: String) {
        #expect(SourceRules.bannedCalls(Self.file("Sources/PaxosCore/A.swift", line)).count == 1)
        #expect(SourceRules.bannedCalls(Self.file("Sources/ReplicatedLog/A.swift", line)) == [])
        #expect(
            SourceRules.bannedCalls(Self.file("Sources/PaxosCore/A.swift", "MemberSet()")) == []
        )
    }

    @Test(arguments: [
        "// never try! anything", "/// print(x)", "logger.print(x)", "fingerprint(x)",
        "self.noSync = noSync", "noSync: Bool = false", "blueprint (x)", "let dumped = 1",
    ])
    func aHarmlessLineIsNone(_ line: String) {
        #expect(SourceRules.bannedCalls(Self.file("Sources/ReplicatedLog/A.swift", line)) == [])
    }

    @Test(arguments: [
        "let now = Date()", "clock_gettime(CLOCK_REALTIME, &now)", "gettimeofday(&now, nil)",
        "let now = time(nil)", "time_t now = time(NULL);", "let end = DispatchWallTime.now()",
        "pthread_cond_timedwait(condition, mutex, &end)", "return Date.now",
    ])
    func aWallClockIsFound(_ line: String) {
        for target in ["ReplicatedLog", "ReplicatedLogTCP", "rlog", "CPlatform"] {
            #expect(SourceRules.wallClocks(Self.file("Sources/\(target)/A.swift", line)).count == 1)
        }
    }

    @Test(arguments: [
        "clock_gettime(CLOCK_MONOTONIC, &now)", "// no Date()", "let update = 1",
        "NIODeadline.now()",
        "wait(time: 3)", "runtime(nil)",
        "pthread_condattr_setclock(&a, CLOCK_MONOTONIC)\npthread_cond_timedwait(c, m, &end)",
    ])
    func anotherClockIsNone(_ line: String) {
        #expect(SourceRules.wallClocks(Self.file("Sources/ReplicatedLog/A.swift", line)) == [])
    }

    @Test(arguments: [
        "try await Task.sleep(for: .seconds(1))", "Thread.sleep(forTimeInterval: 1)",
        "usleep(1_000)", "while x { sleep(1) }", "nanosleep(&time, nil)",
    ])
    func aSleepOfATestIsFound(_ line: String) {
        #expect(SourceRules.sleeps(Self.file("Tests/RlogTests/A.swift", line)).count == 1)
        #expect(SourceRules.sleeps(Self.file(SourceRules.waiting, line)) == [])
        #expect(SourceRules.sleeps(Self.file("Tests/RlogTests/A.swift", "let asleep = 1")) == [])
    }

    @Test func theToolPrintsAndTestsDoAsTheyLike() {
        #expect(SourceRules.bannedCalls(Self.file("Sources/rlog/A.swift", "print(x)")) == [])
        #expect(SourceRules.bannedCalls(Self.file("Sources/rlog/A.swift", "try! x()")) != [])
        #expect(SourceRules.bannedCalls(Self.file("Tests/T/A.swift", "noSync: true")) == [])
        let flag = "if options.noSync { flags |= MDB_NOSYNC }"
        #expect(SourceRules.bannedCalls(Self.file("Sources/LMDB/A.swift", flag)) == [])
    }

    @Test func aReceiptMadeElsewhereOrTwiceIsFound() {
        let store = Self.file(
            "Sources/R/Store/Store.swift",
            "final class Store: Sendable, LogStore {\n}"
        )
        let flushed = Self.file("Sources/R/Store/Flush.swift", "let r = batch.markedDurable()")
        let early = Self.file("Sources/R/Node/Driver.swift", "send(batch.markedDurable())")
        let reference = Self.file("Sources/R/Node/A.swift", "map(WriteBatch.markedDurable)")
        let declared = Self.file(
            "Sources/P/Batch.swift",
            "/// `markedDurable()` is called once.\nconsuming func markedDurable() -> Receipt {"
        )
        let user = Self.file(
            "Sources/R/Node/B.swift",
            "let store: any LogStore\nclass X<Store: LogStore> {}"
        )
        #expect(SourceRules.receipts([declared, store, flushed, user]) == [])
        #expect(SourceRules.receipts([declared, store]) == [])
        #expect(SourceRules.receipts([store, flushed, flushed]).count == 1)
        #expect(SourceRules.receipts([store, flushed, early]).count == 1)
        #expect(SourceRules.receipts([store, flushed, reference]).count == 1)
        #expect(SourceRules.receipts([user, early]).count == 1)
        #expect(SourceRules.receipts([flushed]).count == 1)
        let call = "observer?.durable(batch.markedDurable())"
        let whole = Self.file("Sources/LogStorage/LMDBStore.swift", "final class A: LogStore {}")
        let committer = Self.file("Sources/LogStorage/Commit/Committer.swift", call)
        #expect(SourceRules.receipts([whole, committer]) == [])
        let opening = Self.file("Sources/LogStorage/Open/Opening.swift", call)
        #expect(SourceRules.receipts([whole, opening]).count == 1)
    }

    @Test func aWordOfPaxosBelowItIsFound() {
        for text in ["// a ballot", "let quorum = 2", "import PaxosCore"] {
            #expect(SourceRules.vocabulary(Self.file("Sources/LMDB/A.swift", text)).count == 1)
            #expect(SourceRules.vocabulary(Self.file("Sources/CPlatform/a.c", text)).count == 1)
            #expect(SourceRules.vocabulary(Self.file("Sources/PaxosCore/A.swift", text)) == [])
        }
    }
}
