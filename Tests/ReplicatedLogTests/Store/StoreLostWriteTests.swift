import LMDB
import LogWire
import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform

/// What no checksum of a row can tell: a leaf that shows the rows it had before its last write, the key of
/// the last row of all, and the kind of a table. An opening has to, before anything follows from them.
@Suite(.shared) struct StoreLostWriteTests {
    let directory: StoreDirectory

    /// Slots 1 to 60, committed to 40 and checkpointed to 35; 7 and 31 without effect. They are written
    /// some commits before the last one, whose seal vouches for the pages that it wrote itself.
    init() throws {
        directory = try StoreDirectory()
        try directory.fill(1...4) { write, rows in
            // A watermark alone waits for what must be durable.
            guard write == 1 else { return rows.lastRound = write }
            rows.accepted = [.commands(1...60, bytes: 400)]
            rows.committed = 40
            rows.checkpoint = Checkpoint(slot: 35, digest: .empty, state: LogState())
            rows.ineffective = [7, 31]
        }
    }

    private func expectCorrupt(
        _ words: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let refusal = directory.refusal()
        if case .corrupt(_, let detail) = refusal, words.isEmpty || detail.contains(words) {
            return
        }
        Issue.record("\(String(describing: refusal))", sourceLocation: sourceLocation)
    }

    /// What the tools notice of the tables.
    private func noticed() throws -> [String] {
        let reader = try DirectoryReader(at: directory.path)
        var noticed: [String] = []
        try reader.scanRows(damaged: { noticed.append($0) }) { _ in true }
        _ = try reader.scanIneffective { noticed.append($0) }
        return noticed
    }

    /// Slot 60 was accepted and promised to others; it would have counted as never accepted (`R35`).
    @Test func aTailThatLostItsLastWriteRefusesTheDirectory() throws {
        #expect(try noticed() == [])
        try directory.loseLastRow(of: Schema.accepted)
        #expect(try noticed() == ["the table accepted counts 60 rows and holds 59"])
        expectCorrupt("60 rows are counted, 24 found")
    }

    /// The command of slot 31 would have been delivered.
    @Test func aSlotWithoutEffectThatIsLostAtTheEndRefusesTheDirectory() throws {
        try directory.loseLastRow(of: Schema.ineffective)
        #expect(try noticed() == ["the table ineffective counts 2 rows and holds 1"])
        expectCorrupt("slots without effect are missing")
    }

    /// Downward, 31 would have had effect again; upward, those that come later would have been dropped.
    @Test(arguments: [3, 6] as [UInt8])
    func aBitInTheKeyOfTheLastSlotWithoutEffectRefusesTheDirectory(bit: UInt8) throws {
        let leaf = try #require(try directory.leaves(of: Schema.ineffective).last)
        let page = Page(bytes: try directory.bytes(of: leaf.page))
        let node = try #require(page.node(page.nodeCount - 1, isLeaf: true))
        let place = Int(leaf.page) * 4096 + node.key.lowerBound
        try directory.overwrite([page.bytes[node.key.lowerBound] ^ 1 << bit], at: place)
        expectCorrupt()
    }

    /// LMDB would answer "incompatible", as it does for another program's file.
    @Test(arguments: [1, 2, 3] as [UInt8])
    func aBitInTheKindOfATableIsDamage(bit: UInt8) throws {
        let tree = try PageTree(path: directory.file)
        var places = [Int(tree.state.transaction % 2) * 4096 + 92]
        let root = try #require(tree.main.root)
        let page = try tree.page(root, isLeaf: true)
        for index in 0..<page.nodeCount {
            let node = try #require(page.node(index, isLeaf: true))
            if page.bytes[node.key] == ArraySlice(Schema.state.utf8) {
                places.append(Int(root) * 4096 + node.data.lowerBound + 4)
            }
        }
        #expect(places.count == 2)
        for place in places {
            let byte = try FileSystem.read(directory.file, at: place, count: 1)
            try directory.overwrite([byte[0] ^ 1 << bit], at: place)
            expectCorrupt()
            guard
                case .corrupt? = failure({ () throws(LogOpenError) in
                    _ = try DirectoryReader(at: directory.path)
                })
            else {
                Issue.record("the tools take it for another program's")
                continue
            }
            try directory.overwrite(byte, at: place)
        }
        try directory.open().closeAndWait()
    }
}
