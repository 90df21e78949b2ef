import LogWire
import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform

/// What a store does with the rows that a base has left behind.
@Suite(.shared) struct StoreBaseTests {
    let directory: StoreDirectory

    init() throws { directory = try StoreDirectory() }

    private func base(_ slot: UInt64) -> Base {
        Base(
            slot: Slot(rawValue: slot),
            ballot: Ballot(round: 50, node: 2),
            membership: directory.membership,
            membershipSlot: .zero,
            state: LogState(),
            prefix: PrefixDigest(7),
            digest: 8
        )
    }

    private func install(
        _ base: Base,
        in store: LMDBStore,
        _ id: UInt64,
        _ rows: [AcceptedRun] = []
    ) {
        store.submit(id) { written in
            written.base = base
            written.promised = base.ballot
            written.committed = base.slot
            written.checkpoint = base.checkpoint
            written.accepted = rows
        }
    }

    /// A full store has room again once what nobody reads is gone, with what is written and while nothing is; also
    /// after an opening.
    @Test(arguments: [4, 64], [false, true])
    func aBaseEmptiesAFullStore(mebibytes: Int, reopens: Bool) async throws {
        var storage = StorageOptions.small
        storage.mapSize = mebibytes << 20
        try directory.create(storage: storage)
        var store = try directory.open(storage: storage)
        var listener = Listener()
        store.start(observer: listener)
        var id: UInt64 = 0
        while listener.now.fulls.isEmpty, id < 100_000 {
            id += 1
            store.append(id, id * 8 - 7...id * 8, bytes: 4_000)
            let last = id
            #expect(listener.wait { !$0.fulls.isEmpty || $0.through.last?.rawValue == last })
        }
        #expect(listener.wait(through: id))
        #expect(listener.now.fulls == [true])
        install(base(id * 8 + 100), in: store, id + 1)
        #expect(listener.wait(through: id + 1))
        var next = id + 2
        if reopens {
            store.closeAndWait()
            store = try directory.open(storage: storage)
            listener = Listener()
            store.start(observer: listener)
            next = 1
        }
        // What a full member still writes.
        store.submit(next) { $0.promised = Ballot(round: 60, node: 2) }
        #expect(listener.wait(through: next))
        let heard = listener
        let hasRoom = await eventually(within: .seconds(60)) { heard.now.fulls.last != true }
        #expect(hasRoom, "still full, \(store.counters.mapUsedBytes) of \(storage.mapSize)")
        #expect(listener.now.failures.isEmpty)
        store.closeAndWait()
    }

    /// Rows that are left behind do not hide one that is lost, whatever holes are among their slots (`R35`).
    @Test(arguments: [40_000, 40_005] as [UInt64])
    func aTailThatLostItsLastWriteBehindABaseRefusesTheDirectory(slot: UInt64) throws {
        try directory.create()
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        for id in 1...20 as ClosedRange<UInt64> {
            store.append(id, id * 2_000 - 1_999...id * 2_000, bytes: 10)
            #expect(listener.wait(through: id))
        }
        install(base(slot), in: store, 21, [.commands(slot + 1...slot + 60, bytes: 400)])
        #expect(listener.wait(through: 21))
        store.closeAndWait()
        let sound = try directory.open()
        sound.closeAndWait()
        try directory.loseLastRow(of: Schema.accepted)
        guard case .corrupt? = directory.refusal() else {
            Issue.record("\(String(describing: directory.refusal()))")
            return
        }
    }
}
