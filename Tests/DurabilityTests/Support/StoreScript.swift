import DiskShim
import Platform

@testable import LogStorage
@testable import PaxosCore
@testable import ReplicatedLog

/// Random writes through the store boundary itself, as a member of three makes them: promises, rounds,
/// rows that replace rows, batches, torn ones among them, tokens that come twice, watermarks, checkpoints, trims, bases, cursors. Receipts are marked on the store's thread, before it
/// does anything else, so that they stand in the recording exactly where the store gave them out.
struct StoreScript: Sendable {
    static let submitted: UInt64 = 1
    static let durable: UInt64 = 2

    /// What the disk must hold after so many writes.
    struct Model: Hashable, Sendable {
        var promised = Ballot.zero
        var lastRound: UInt64 = 0
        var committed = Slot.zero
        var checkpoint = Slot.zero
        var trimmed = Slot.zero
        /// How far consumers have come.
        var cursors: [CursorRecord] = []
        /// What was trimmed did this.
        var base: Base?
        /// The slots without effect above the trim point.
        var ineffective: [Slot] = []
        /// A hash of what each slot holds: comparing the bytes of every model takes long.
        var rows: [Slot: Int] = [:]

        /// As far as this write, but what needs no flush may come with a later one or not at all.
        mutating func apply(_ rows: WriteRows) {
            promised = rows.promised ?? promised
            lastRound = rows.lastRound ?? lastRound
            committed = rows.committed ?? committed
            checkpoint = rows.checkpoint?.slot ?? checkpoint
            cursors = rows.cursors ?? cursors
            for run in rows.accepted {
                for (slot, entry) in zip(run.run.slots.lowerBound.rawValue..., run.run.entries) {
                    let slot = Slot(rawValue: slot)
                    add(
                        AcceptedEntry(
                            slot: slot,
                            ballot: run.ballot,
                            entry: entry,
                            isChosen: run.isChosen
                        )
                    )
                }
            }
            ineffective += rows.ineffective
            guard let through = rows.base?.slot ?? rows.trimmed else { return }
            trimmed = through
            ineffective.removeAll { $0 <= through }
            self.rows = self.rows.filter { $0.key > through }
        }

        mutating func add(_ row: AcceptedEntry) {
            var hasher = Hasher()
            hasher.combine(row.ballot)
            hasher.combine(row.isChosen)
            if case .command(let command) = row.entry {
                hasher.combine(command.token)
                hasher.combine(command.index)
                hasher.combine(command.count)
                command.payload.withUnsafeBytes { hasher.combine(bytes: $0) }
            }
            rows[row.slot] = hasher.finalize()
        }
    }

    /// All rows that were ever submitted, and what those that are committed do, decided anew.
    private struct History {
        private var rows: [Slot: AcceptedEntry] = [:]
        private var delivery = Delivery(resuming: .empty)
        private var replay: BaseReplay
        /// The sequence of the token made last.
        var sequence: UInt64 = 0

        init(_ membership: Membership) {
            replay = BaseReplay(from: .founding(membership))
        }

        var checkpoint: Checkpoint { delivery.checkpoint }

        mutating func add(_ runs: [AcceptedRun]) {
            for run in runs {
                for (number, entry) in zip(run.run.first.rawValue..., run.run.entries) {
                    let slot = Slot(rawValue: number)
                    rows[slot] = AcceptedEntry(slot: slot, ballot: run.ballot, entry: entry)
                }
            }
        }

        /// Decides what is committed by now; returns what is found to be without effect.
        mutating func commit(through slot: Slot) -> [Slot] {
            var ineffective: [Slot] = []
            while delivery.next <= slot, let row = rows[delivery.next] {
                delivery.feed(row.entry) { decision in
                    if decision.effect != .effective { ineffective.append(decision.slot) }
                }
            }
            return ineffective
        }

        /// The members have chosen no-ops up to a slot under a ballot, and this one knows of none of them: what the log
        /// did up to there.
        mutating func overtake(through slot: Slot, from first: Slot, _ ballot: Ballot) -> Base {
            let count = slot.count(after: first.previous)
            let run = EntryRun(first: first, entries: Array(repeating: .noop, count: count))
            add([AcceptedRun(ballot: ballot, run: run)])
            _ = commit(through: slot)
            return base(through: slot)
        }

        /// What a trim must leave behind.
        mutating func base(through slot: Slot) -> Base {
            while replay.decided < slot, let row = rows[replay.next] {
                replay.feed(row, towards: slot)
            }
            return replay.base
        }
    }

    let configuration: LogNode.Configuration

    init() throws {
        configuration = try .small(members: [1, 2, 3])
    }

    func create(in parent: String) throws {
        try LMDBStore.create(
            at: parent + "/" + Script.directory,
            cluster: configuration.cluster,
            node: configuration.node,
            membership: configuration.membership,
            storage: configuration.storage,
            limits: configuration.limits
        )
    }

    func open(in parent: String) throws(LogOpenError) -> LMDBStore {
        try LMDBStore.open(
            at: parent + "/" + Script.directory,
            expecting: (configuration.cluster, configuration.node, configuration.membership),
            storage: configuration.storage,
            limits: configuration.limits
        )
    }

    /// Creates unrecorded, then records so many writes; returns the models after 0, 1, 2... of them.
    func record(
        in parent: String,
        writes: Int,
        seed: UInt64
    ) async throws -> (DiskRecording, [Model]) {
        try create(in: parent)
        let recorder = Receipts(try Marker(directory: parent))
        let store = try open(in: parent)
        store.start(observer: recorder)
        var generator = SplitMix64(seed: seed)
        var history = History(configuration.membership)
        var models = [Model(base: history.base(through: .zero))]
        /// Rows up to here can be trimmed: they were durable before.
        var trimmable = Slot.zero
        for number in 1...UInt64(writes) {
            let last = models[models.count - 1]
            let rows = Self.next(after: last, trimmable: trimmable, &history, &generator)
            var model = models[models.count - 1]
            model.apply(rows)
            if let through = rows.trimmed { model.base = history.base(through: through) }
            model.base = rows.base ?? model.base
            models.append(model)
            recorder.mark(Self.submitted, number)
            store.submit(WriteBatch(id: WriteID(number), rows: rows, testimony: []))
            // One write in three waits, so that groups of every size come up.
            if generator.next() % 3 == 0 {
                recorder.wait(through: number)
                trimmable = model.checkpoint
            }
        }
        recorder.wait(through: UInt64(writes))
        await withUnsafeContinuation { continuation in
            store.close { continuation.resume() }
        }
        return (recorder.finish(), models)
    }

    private static func next(
        after model: Model,
        trimmable: Slot,
        _ history: inout History,
        _ generator: inout SplitMix64
    ) -> WriteRows {
        var rows = WriteRows()
        let present = model.rows.keys.max() ?? model.trimmed
        if generator.next() % 16 == 0 {
            let range = model.committed.next.rawValue...present.rawValue + 4
            let slot = Slot(rawValue: UInt64.random(in: range, using: &generator))
            let ballot = Ballot(round: model.promised.round + generator.next() % 2, node: 3)
            let base = history.overtake(through: slot, from: model.committed.next, ballot)
            rows.base = base
            rows.promised = max(model.promised, base.ballot)
            rows.committed = slot
            rows.checkpoint = base.checkpoint
            return rows
        }
        switch generator.next() % 8 {
        case 0:
            rows.lastRound = model.lastRound + 1
            rows.promised = Ballot(round: model.promised.round + 1, node: 1)
        case 1:
            rows.promised = Ballot(round: model.promised.round + 1, node: 2)
        case 2:
            // As a node that ends with nothing to tell.
            rows.isFinal = true
        default:
            let back = Slot(rawValue: present.rawValue - min(present.rawValue, 4))
            let above = max(model.committed, back).next
            let first = generator.next() % 4 == 0 ? above : max(present.next, .first)
            let count = Int(generator.next() % 6) + 1
            let entries = entries(count, &history.sequence, &generator)
            let run = EntryRun(first: first, entries: entries)
            let ballot = max(model.promised, Ballot(round: 1, node: 1))
            rows.accepted = [AcceptedRun(ballot: ballot, run: run)]
            rows.promised = ballot
        }
        if generator.next() % 3 == 0, model.committed < present {
            let range = model.committed.rawValue...present.rawValue
            rows.committed = Slot(rawValue: UInt64.random(in: range, using: &generator))
            if let first = rows.accepted.first?.run.first, let committed = rows.committed {
                rows.committed = min(committed, first.previous)
            }
        }
        // A row below its own watermark would be refused.
        if let committed = rows.committed, committed < model.committed { rows.committed = nil }
        if let committed = rows.committed { rows.ineffective = history.commit(through: committed) }
        if generator.next() % 6 == 0, rows.committed != nil,
            history.checkpoint.slot > model.checkpoint
        {
            rows.checkpoint = history.checkpoint
        }
        if generator.next() % 4 == 0, trimmable > model.trimmed {
            let range = model.trimmed.next.rawValue...trimmable.rawValue
            rows.trimmed = Slot(rawValue: UInt64.random(in: range, using: &generator))
        }
        if generator.next() % 3 == 0 {
            rows.cursors = cursors(rows.committed ?? model.committed, &generator)
        }
        history.add(rows.accepted)
        return rows
    }

    /// As consumers come and go: some names, each anywhere up to the watermark.
    private static func cursors(
        _ committed: Slot,
        _ generator: inout SplitMix64
    ) -> [CursorRecord] {
        ["audit", "billing", "mail"].compactMap { name in
            guard generator.next() % 4 > 0, let name = try? CursorName(name) else { return nil }
            let slot = UInt64.random(in: 0...committed.rawValue, using: &generator)
            return CursorRecord(name: name, slot: Slot(rawValue: slot))
        }
    }

    /// Commands, one in four of a batch, which may be cut short; and one token in eight has been used before.
    private static func entries(
        _ count: Int,
        _ sequence: inout UInt64,
        _ generator: inout SplitMix64
    ) -> [Entry] {
        let sizes = [0, 16, 16, 16, 100, 100, 100, 300, 300, 300, 600, 900, 1_900, 2_100, 5_000]
        var entries: [Entry] = []
        while entries.count < count {
            let parts = generator.next() % 4 == 0 ? UInt32(generator.next() % 2) + 2 : 1
            let isUsed = sequence > 0 && generator.next() % 8 == 0
            if !isUsed { sequence += 1 }
            let token = Token(
                node: 1,
                boot: Boot(1),
                sequence: isUsed ? generator.next() % sequence + 1 : sequence
            )
            for index in 0..<parts where entries.count < count {
                let size = sizes[Int(generator.next() % UInt64(sizes.count))]
                let payload = [UInt8](
                    repeating: UInt8(truncatingIfNeeded: generator.next()),
                    count: size
                )
                entries.append(
                    .command(Command(token: token, index: index, count: parts, payload: payload))
                )
            }
        }
        return entries
    }

    /// What is wrong with an image, given how many writes were receipted and submitted before.
    func violations(at root: String, durable: Int, submitted: Int, _ models: [Model]) -> [String] {
        let image: StoredImage
        do throws(StoredImage.Refusal) {
            image = try StoredImage(of: root + "/" + Script.directory, configuration)
        } catch {
            return ["refused: \(error)"]
        }
        var model = Model()
        model.promised = image.state.promised
        model.lastRound = image.state.lastRound
        model.committed = image.state.committed
        model.checkpoint = image.state.checkpoint.slot
        model.trimmed = image.state.trimmed
        model.cursors = image.state.cursors
        model.base = image.state.base
        model.ineffective = image.ineffective
        for row in image.rows { model.add(row) }
        // A prefix of the writes that were not receipted survives, each whole.
        if models[durable...submitted].contains(model) { return [] }
        let place = models.firstIndex(of: model).map { "is that after write \($0)" } ?? "never was"
        return ["the state \(place); \(durable) writes were receipted of \(submitted)"]
    }

    /// Marks each receipt where it is given out.
    private final class Receipts: StoreObserver {
        private let marker: Marker
        private let heard = Locked<UInt64>(0)
        private let signal = Parker()

        init(_ marker: Marker) { self.marker = marker }

        func mark(_ kind: UInt64, _ value: UInt64) { marker.mark(kind: kind, value: value) }

        func durable(_ receipt: consuming DurabilityReceipt) {
            let number = receipt.through.rawValue
            mark(StoreScript.durable, number)
            heard.withLock { $0 = number }
            signal.unpark()
        }

        func failed(_ failure: StoreFailure) { preconditionFailure("\(failure)") }
        func full(_ isFull: Bool) {}

        func wait(through number: UInt64) {
            while heard.withLock({ $0 }) < number { signal.park(timeout: .milliseconds(50)) }
        }

        func finish() -> DiskRecording { marker.finish() }
    }
}
