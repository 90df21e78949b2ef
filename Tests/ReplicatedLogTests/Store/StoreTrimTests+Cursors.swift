import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import ReplicatedLog

/// What a trim rests on beside the rows.
extension StoreTrimTests {
    /// A trim that goes before its group, which never finds room, takes along where the cursors stand that it rests on.
    @Test func aTrimAheadOfItsGroupTakesTheCursorsAlong() throws {
        let (store, _, filled) = try full()
        let cursor = CursorRecord(name: try CursorName("billing"), slot: 400)
        store.submit(filled.write + 1) { rows in
            rows.accepted = [.commands(filled.last + 1...filled.last + 12_000, bytes: 1_000)]
            rows.trimmed = 300
            rows.cursors = [cursor]
        }
        store.closeAndWait()
        let again = try directory.open(storage: Self.smallMap)
        #expect(again.recover().trimmed == 300)
        #expect(again.recover().cursors == [cursor])
        again.closeAndWait()
    }
}
