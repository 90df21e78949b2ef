import LogWire
import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore

@Suite(.shared) struct StoreBasicsTests {
    let directory: StoreDirectory

    init() throws { directory = try StoreDirectory() }

    @Test func aNewDirectoryHoldsNothing() throws {
        let identity = try directory.create()
        let store = try directory.open()
        #expect(store.identity == identity)
        let recovered = store.recover()
        let own = try #require(recovered.openings.last)
        #expect(recovered.openings.count == 1)
        #expect(own.process == ProcessID(boot: Boot(1), nonce: recovered.nonce))
        #expect(own.write > identity.writeNumber(of: 1), "behind that of the creation")
        let expected = RecoveredState(
            cluster: identity.cluster,
            node: identity.node,
            incarnation: identity.incarnation,
            membership: identity.membership,
            boot: Boot(1),
            nonce: recovered.nonce,
            openings: [own],
            secret: identity.secret
        )
        #expect(recovered == expected)
        store.closeAndWait()
    }

    @Test func everythingSurvivesAReopening() throws {
        try directory.create()
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        let ballot = Ballot(round: 4, node: 2)
        var state = LogState()
        state.consume(Token(node: 1, boot: Boot(1), sequence: 1))
        store.submit(1) {
            $0.promised = ballot; $0.lastRound = 3
        }
        store.append(2, 1...10)
        store.submit(3) { rows in
            rows.accepted = [.commands(11...12, ballot: ballot)]
            rows.committed = 10
            rows.checkpoint = Checkpoint(slot: 4, digest: .empty, state: state)
            rows.ineffective = [2, 7]
        }
        #expect(listener.wait(through: 3))
        store.closeAndWait()

        let again = try directory.open()
        let recovered = again.recover()
        #expect(recovered.boot == Boot(2))
        #expect(recovered.promised == ballot)
        #expect(recovered.lastRound == 3)
        #expect(recovered.committed == 10)
        #expect(recovered.last == 12)
        #expect(recovered.checkpoint == Checkpoint(slot: 4, digest: .empty, state: state))
        let page = try again.page(1...20).get()
        #expect(page.rows.map(\.slot) == (1...12).map { Slot(rawValue: $0) })
        #expect(page.rows.map(\.entry) == (1...12).map { .testCommand($0) })
        #expect(page.rows.last?.ballot == ballot)
        #expect(page.ineffective == [2, 7])
        #expect(page.through == 20)
        again.closeAndWait()
    }
}
