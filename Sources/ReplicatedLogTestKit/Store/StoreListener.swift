internal import PaxosCore
internal import Platform

/// Hears what a store says.
final class StoreListener: StoreObserver {
    struct Heard: Sendable {
        /// The number through which each receipt went, in the order in which they came.
        var through: [UInt64] = []
        var failures = 0
        /// Receipts that came after a failure, or after the end.
        var late = 0
        var hasEnded = false
    }

    private let state = Locked(Heard())

    var heard: Heard { state.withLock { $0 } }
    var through: UInt64 { state.withLock { $0.through.last ?? 0 } }

    func durable(_ receipt: consuming DurabilityReceipt) {
        let number = receipt.through.rawValue
        state.withLock { heard in
            heard.through.append(number)
            if heard.failures > 0 || heard.hasEnded { heard.late += 1 }
        }
    }

    func failed(_ failure: StoreFailure) {
        state.withLock { $0.failures += 1 }
    }

    func full(_ isFull: Bool) {}

    func end() {
        state.withLock { $0.hasEnded = true }
    }
}

/// A store that was opened, with who listens to it.
struct OpenedStore: Sendable {
    let store: any LogStore
    let listener = StoreListener()
    private let promised: Locked<Ballot>

    init(_ store: any LogStore) {
        self.store = store
        promised = Locked(store.recover().promised)
        store.start(observer: listener)
    }

    /// Submits rows under a number, with the promise that they need (`R2`).
    func submit(_ number: UInt64, _ change: (inout WriteRows) -> Void) {
        var rows = WriteRows()
        change(&rows)
        let highest = rows.accepted.reduce(rows.promised ?? .zero) { max($0, $1.ballot) }
        promised.withLock { promised in
            guard highest > promised else { return }
            promised = highest
            rows.promised = highest
        }
        store.submit(WriteBatch(number: number, rows: rows))
    }

    func read(_ slots: ClosedRange<Slot>, maxBytes: Int) async -> Result<RowPage, ReadFailure> {
        await withUnsafeContinuation { continuation in
            store.read(slots, maxBytes: maxBytes) { continuation.resume(returning: $0) }
        }
    }

    func close() async {
        await withUnsafeContinuation { continuation in
            store.close { continuation.resume() }
        }
        listener.end()
    }
}

/// Rows to write, each told from every other by its slot and ballot.
enum Rows {
    static func run(
        _ slots: ClosedRange<UInt64>,
        round: UInt64 = 1,
        bytes: Int = 32,
        isChosen: Bool = false
    ) -> AcceptedRun {
        let ballot = Ballot(round: round, node: 1)
        let entries = slots.map { slot -> Entry in
            if slot % 5 == 0 { return .noop }
            let token = Token(node: 1, boot: Boot(1), sequence: slot)
            let byte = UInt8(truncatingIfNeeded: slot &* 31 &+ round)
            return .command(
                Command(token: token, payload: [UInt8](repeating: byte, count: bytes))
            )
        }
        let first = Slot(rawValue: slots.lowerBound)
        return AcceptedRun(
            ballot: ballot,
            run: EntryRun(first: first, entries: entries),
            isChosen: isChosen
        )
    }

    static func rows(of run: AcceptedRun) -> [AcceptedEntry] {
        run.run.entries.enumerated().map { place, entry in
            AcceptedEntry(
                slot: run.run.first.advanced(by: place),
                ballot: run.ballot,
                entry: entry,
                isChosen: run.isChosen
            )
        }
    }
}
