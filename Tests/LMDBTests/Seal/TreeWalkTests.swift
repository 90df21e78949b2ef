import TestSupport
import Testing

@testable import LMDB

/// The walk finds what a transaction wrote, all of it and nothing else, and reads little more than that.
@Suite(.shared) struct TreeWalkTests {
    private struct Depths: Hashable {
        let before: Int
        let after: Int
    }

    @Test(.tags(.slow), arguments: SealSession.Style.allCases)
    func theNewPagesAreThoseThatTheTreesBeforeDoNotReach(_ style: SealSession.Style) async throws {
        let directory = try SealDirectory()
        let environment = try Environment.open(
            path: directory.data,
            options: .init(mapSize: 256 << 20, noSync: true)
        )
        let table = try environment.openDatabase("t", keys: [UInt8].self)
        // Two more, one of which does not change.
        let still = try environment.openDatabase("s", keys: [UInt8].self)
        try environment.withWrite { txn in try txn.put([1], for: [1], in: still) }
        var generator = Xorshift(state: 99)
        var before = try directory.bytes()
        var place = Int(environment.info.lastTransaction % 2)
        var depths: Set<Depths> = []
        for number in 0..<(style == .deep ? 240 : 150) {
            await Task.yield()
            // Now and then a reader keeps pages from being used again.
            let slot = number % 7 == 3 ? try environment.makeReadSlot() : nil
            try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
                try SealSession.fill(&txn, table, style, &generator, number)
            }
            _ = consume slot
            // One that deletes what is not there changes nothing.
            guard Int(environment.info.lastTransaction % 2) != place else { continue }
            let after = try directory.bytes()
            let old = try ImageTree(before, place: place)
            let new = try ImageTree(after, place: 1 - place)
            let expected = new.reached.subtracting(old.reached)
            // What it stands on: nothing that either reaches was written over.
            for page in old.reached {
                let range = Int(page) * 4096..<(Int(page) + 1) * 4096
                #expect(before[range] == after[range], "page \(page) was written over")
            }
            let source = BytesSource(bytes: after)
            let metas = try SealedState.sectors(of: source, pageSize: 4096).map(\.meta)
            var walk = TreeWalk(
                from: metas[place],
                to: metas[1 - place],
                in: source,
                pageSize: 4096
            )
            try walk.walk()
            let found = walk.runs.flatMap { Array($0.page..<$0.page + $0.pages) }
            #expect(Set(found) == expected && found.count == expected.count, "\(number)")
            #expect(walk.pages == UInt64(expected.count))
            // Beside the new pages: the branches and leaves of tables that were replaced, and a header a value.
            #expect(walk.read <= 2 * expected.count + 12, "\(walk.read) of \(expected.count)")
            // What it is told to stop at, it stops at.
            var short = TreeWalk(
                from: metas[place],
                to: metas[1 - place],
                most: walk.pages - 1,
                in: source,
                pageSize: 4096
            )
            #expect(throws: TreeWalk<BytesSource>.Failure.self) { try short.walk() }
            let depth = (try depth(before, place), try depth(after, 1 - place))
            depths.insert(Depths(before: depth.0, after: depth.1))
            (before, place) = (after, 1 - place)
        }
        guard style == .deep else { return }
        // A height more, and one less, of trees of several.
        #expect(depths.contains { $0.before >= 2 && $0.after == $0.before + 1 })
        #expect(depths.contains { $0.before >= 3 && $0.after < $0.before })
    }

    /// Of the table that the transactions change.
    private func depth(_ bytes: [UInt8], _ place: Int) throws -> Int {
        let root: UInt64 = ImageTree.load(bytes, place * 4096 + 128)
        let page = Array(bytes[Int(root) * 4096..<(Int(root) + 1) * 4096])
        // "s" stands before "t".
        let offset: UInt16 = ImageTree.load(page, 18)
        return Int(ImageTree.load(page, Int(offset) + 8 + 1 + 6) as UInt16)
    }

    /// A lone row in a large table: the ways to it, not the table.
    @Test(.tags(.slow)) func aRowMoreInALargeTableIsAFewPages() throws {
        let directory = try SealDirectory()
        let environment = try Environment.open(
            path: directory.data,
            options: .init(mapSize: 256 << 20, sealed: true)
        )
        let table = try environment.openDatabase("t", keys: UInt64.self)
        var reads: [Int] = []
        for number in 0..<400 as Range<UInt64> {
            try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
                for row in 0..<50 as Range<UInt64> {
                    let value = [UInt8](repeating: 1, count: 200)
                    try txn.put(value, for: number * 64 + row, in: table)
                }
            }
            try environment.withWrite { txn in try txn.put([1], for: number * 64 + 60, in: table) }
            reads.append(environment.pagesReadBySeal)
        }
        print("pages read for a row more: \(reads[1]) to \(reads.max() ?? 0)")
        // Also in the transaction whose root splits.
        #expect(reads.dropFirst().allSatisfy { $0 <= 16 }, "\(reads)")
    }

    /// Pages are input: whatever stands there, the walk ends, and says the same of what is whole.
    @Test(.tags(.slow)) func nothingInAPageLeadsAstray() throws {
        let session = try SealSession(on: nil, .large, transactions: 12, seed: 5)
        let state = try SealedState(of: BytesSource(bytes: session.after))
        guard case .whole(let place, let runs) = state.outcome else {
            Issue.record("it is whole")
            return
        }
        // What it replaced it is compared with: rot there is not told from a crash before it is confirmed.
        let replaced = try ImageTree(session.after, place: 1 - place).reached
            .subtracting(try ImageTree(session.after, place: place).reached)
        var generator = Xorshift(state: 17)
        var (dropped, refused) = (0, 0)
        for _ in 0..<1_000 {
            var bytes = session.after
            // In the pages of the transaction, and in any.
            let run = runs[Int(generator.next(below: UInt64(runs.count)))]
            let page = generator.next(below: 2) == 0 ? run.page : 2 + generator.next(below: 20)
            let first = Int(page) * 4096
            guard first + 4096 <= bytes.count else { continue }
            let at = first + Int(generator.next(below: generator.next(below: 2) == 0 ? 40 : 4096))
            let old = bytes[at]
            bytes[at] = UInt8(generator.next(below: 256))
            let isNew = runs.contains { $0.page <= page && page < $0.page + $0.pages }
            do throws(SealedState.Refusal) {
                switch try SealedState(of: BytesSource(bytes: bytes)).outcome {
                case .whole: #expect(!isNew || bytes[at] == old)
                case .dropped(let lost, _, _):
                    dropped += 1
                    #expect((isNew || replaced.contains(page)) && lost == place)
                case .unsealed: Issue.record("it was sealed")
                }
            } catch {
                refused += 1
                #expect(!isNew)
            }
        }
        #expect(dropped > 100)
        print("\(dropped) dropped, \(refused) refused")
    }
}
