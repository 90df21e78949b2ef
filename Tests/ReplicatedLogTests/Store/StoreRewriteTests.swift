import LMDB
import LogWire
import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform

/// A file that is made anew from its rows: LMDB counts its transactions from one again (`R92`).
@Suite(.shared) struct StoreRewriteTests {
    let directory: StoreDirectory

    init() throws { directory = try StoreDirectory() }

    /// As an upgrade does it, which raises the offset in the identity; or something that knows nothing of it.
    private func rewrite(_ identity: DirectoryIdentity, isCounted: Bool) throws {
        let new = directory.root + "/new.mdb"
        let old = try Environment.open(
            path: directory.file,
            options: .init(mapSize: 1 << 30, access: .inspect)
        )
        let last = old.info.lastTransaction
        try old.copy(to: new, compacting: true)
        old.close()
        let environment = try Environment.open(
            path: new,
            options: .init(mapSize: 1 << 30, sealed: true)
        )
        #expect(environment.info.lastTransaction < last)
        let table = try Schema.openState(in: environment, create: false)
        if isCounted {
            let offset = identity.writeNumber(of: last).rawValue
            let bytes = identity.counting(from: offset).storedBytes
            try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
                try txn.put(bytes, for: Schema.identityKey, in: table)
            }
        }
        environment.close()
        try FileSystem.rename(new, to: directory.file)
    }

    /// Its peers have heard of writes up to the last receipt: the next opening is above, and so is what it writes.
    @Test func anUpgradeGoesOnCounting() throws {
        var identity = try directory.create()
        var heard = WriteNumber.none
        var before: Opening?
        for round in 0..<3 as Range<UInt64> {
            let store = try directory.open()
            let recovered = store.recover()
            let lineage = Lineage(recovered.openings)
            #expect(lineage.own.write > heard)
            if let before {
                let claim = Claim(process: before.process, heard: heard)
                #expect(lineage.contradicts(claim, newest: lineage.own.write) == nil)
                let proof = try #require(lineage.proof(of: before.process))
                #expect(proof.next > heard)
            }
            let listener = Listener()
            store.start(observer: listener)
            for id in 1...5 as ClosedRange<UInt64> {
                let slot = 5 * round + id
                store.append(id, slot...slot)
                #expect(listener.wait(through: id))
            }
            let written = listener.now.written
            #expect(
                written == written.sorted() && written.first.map { $0 > lineage.own.write } == true
            )
            heard = try #require(written.last)
            before = lineage.own
            store.closeAndWait()
            try rewrite(identity, isCounted: true)
            identity = try DirectoryReader(at: directory.path).identity
        }
        let store = try directory.open()
        #expect(store.recover().last == 15)
        store.closeAndWait()
    }

    @Test func anotherProgramsFileIsRefused() throws {
        let identity = try directory.create()
        for id in 1...4 as ClosedRange<UInt64> {
            let store = try directory.open()
            let listener = Listener()
            store.start(observer: listener)
            store.append(id, id...id)
            #expect(listener.wait(through: id))
            store.closeAndWait()
        }
        try rewrite(identity, isCounted: false)
        guard case .corrupt(_, let detail)? = directory.refusal() else {
            Issue.record("its peers would take it for an old copy")
            return
        }
        #expect(detail.contains("has rewritten the file"))
    }
}

extension DirectoryIdentity {
    fileprivate func counting(from offset: UInt64) -> DirectoryIdentity {
        DirectoryIdentity(
            formatVersion: formatVersion,
            cluster: cluster,
            node: node,
            incarnation: incarnation,
            membership: membership,
            shape: shape,
            writeOffset: offset,
            secret: secret
        )
    }
}
