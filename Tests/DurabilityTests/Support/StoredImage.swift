import PaxosCore
import Platform

@testable import LogStorage
@testable import ReplicatedLog

/// What a store finds in a directory when it opens it, which is recovery: every row, and the rest.
struct StoredImage: Sendable {
    let state: RecoveredState
    /// In the order of their slots.
    let rows: [AcceptedEntry]
    /// The slots without effect among them.
    let ineffective: [Slot]
    private let places: [Slot: Int]

    /// Why there is nothing to look at.
    enum Refusal: Error {
        case opening(LogOpenError)
        case reading(ReadFailure)
    }

    /// Opens the directory, reads everything and closes it again.
    init(of path: String, _ configuration: LogNode.Configuration) throws(Refusal) {
        let store: LMDBStore
        do throws(LogOpenError) {
            store = try LMDBStore.open(
                at: path,
                expecting: (configuration.cluster, configuration.node, configuration.membership),
                storage: configuration.storage,
                limits: configuration.limits
            )
        } catch {
            throw .opening(error)
        }
        let parker = Parker()
        defer {
            store.close { parker.unpark() }
            parker.park()
        }
        state = store.recover()
        let first = state.trimmed.next
        guard state.last >= first else {
            rows = []
            ineffective = []
            places = [:]
            return
        }
        let found = Locked<Result<RowPage, ReadFailure>>(.failure(.closed))
        store.read(first...state.last, maxBytes: .max / 2) { result in
            found.withLock { $0 = result }
            parker.unpark()
        }
        parker.park()
        switch found.withLock({ $0 }) {
        case .success(let page):
            rows = page.rows
            ineffective = page.ineffective
        case .failure(let failure): throw .reading(failure)
        }
        var places: [Slot: Int] = [:]
        for (place, row) in rows.enumerated() { places[row.slot] = place }
        self.places = places
    }

    /// The row of a slot, if there is one.
    subscript(slot: Slot) -> AcceptedEntry? { places[slot].map { rows[$0] } }

    /// Whether the row of a slot is known chosen, not only accepted.
    func knowsChosen(_ row: AcceptedEntry) -> Bool { row.isChosen || row.slot <= state.committed }
}
