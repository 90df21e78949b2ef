import ArgumentParser
import PaxosCore
import ReplicatedLog

/// `rlog dump`: every row of a directory, as JSON.
struct Dump: RlogCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a log, one JSON object a slot; changes nothing.",
        discussion: """
            The first line tells promised, last_round, committed_slot and trimmed_slot. committed is a \
            lower bound after a crash. effective is null where it is not decided yet: above the \
            watermark, in a batch that is not whole, and above a row that cannot be read. hash is FNV-1a \
            64 of the kind, a zero byte, the token, a zero byte, and the payload: equal entries have equal \
            hashes, whatever their ballots.
            """
    )

    @Argument(help: "The data directory; no process may have it open.")
    var directory: String

    @Option(help: "The first slot to print.")
    var from: UInt64?

    @Option(help: "The last slot to print.")
    var to: UInt64?

    @Flag(help: "Print JSON; it always does.")
    var json = false

    func validate() throws {
        guard from ?? 0 <= to ?? .max else {
            throw ValidationError("--from must not be above --to.")
        }
    }

    func execute() async throws(Failure) -> ExitStatus {
        let directory = directory
        let from = Slot(rawValue: from ?? 0)
        let to = Slot(rawValue: to ?? .max)
        let damage = try await offPool { () throws(Failure) in
            do throws(LogOpenError) {
                return try Self.dump(directory, from: from, to: to)
            } catch {
                throw Failure(error)
            }
        }.get()
        guard let damage else { return .done }
        Output.complain("\(directory) is damaged: \(damage); see rlog verify")
        return .wrong
    }

    /// Answers the first damage that was met.
    private static func dump(
        _ directory: String,
        from: Slot,
        to: Slot
    ) throws(LogOpenError) -> String? {
        let reader = try DirectoryReader(at: directory)
        let state = try reader.state()
        Output.answer(
            .object([
                ("promised", .string(state.promised.text)),
                ("last_round", .unsigned(state.lastRound)),
                ("committed_slot", .unsigned(state.committed.rawValue)),
                ("trimmed_slot", .unsigned(state.trimmed.rawValue)),
            ])
        )
        var rows = DumpedRows(state: state) { row, effective in
            guard row.slot >= from, row.slot <= to else { return }
            Output.answer(row.json(committed: state.committed, effective: effective))
        }
        var damage: String?
        var next = state.trimmed.next
        func take(_ row: DirectoryReader.StoredRow) {
            if case .unreadable(let slot) = row, damage == nil {
                damage = "the row of slot \(slot) is missing or not what was written"
            }
            rows.take(row)
            next = max(next, row.slot.next)
        }
        /// A committed slot has a row; one that has none is shown as one that cannot be read.
        func takeMissing(through last: Slot) {
            while next <= min(last, state.committed) { take(.unreadable(next)) }
        }
        // What a slot does follows from all that stand before it.
        try reader.scanRows(damaged: { damage = damage ?? $0 }) { row in
            takeMissing(through: row.slot.previous)
            take(row)
            return row.slot < to || rows.isWaiting
        }
        takeMissing(through: to)
        rows.end()
        return damage
    }
}

/// Rows in slot order, each given out as soon as its effect is decided, or cannot be.
private struct DumpedRows {
    private let state: RecoveredState
    private let give: (DirectoryReader.StoredRow, Bool?) -> Void
    private var delivery: Delivery
    /// Rows that are not given out: the beginning of a batch at most.
    private var waiting: [DirectoryReader.StoredRow] = []
    private var effective: [Slot: Bool] = [:]
    /// From here on nothing is decided.
    private var isBroken = false

    init(
        state: RecoveredState,
        give: @escaping (DirectoryReader.StoredRow, Bool?) -> Void
    ) {
        self.state = state
        self.give = give
        delivery = Delivery(resuming: state.start)
    }

    var isWaiting: Bool { !waiting.isEmpty }

    mutating func take(_ row: DirectoryReader.StoredRow) {
        waiting.append(row)
        guard row.slot > state.start.slot else { return giveAll() }
        guard !isBroken, case .row(let accepted, _) = row, row.slot == delivery.next,
            row.slot <= state.committed || accepted.isChosen
        else {
            isBroken = true
            return giveAll()
        }
        var decided: [Slot: Bool] = [:]
        delivery.feed(accepted.entry) { decided[$0.slot] = $0.effect == .effective }
        effective.merge(decided) { $1 }
        var given = 0
        while given < waiting.count, waiting[given].slot <= delivery.delivered {
            // What is no command has no effect on the host.
            give(waiting[given], effective.removeValue(forKey: waiting[given].slot) ?? false)
            given += 1
        }
        waiting.removeFirst(given)
    }

    mutating func end() { giveAll() }

    private mutating func giveAll() {
        for row in waiting { give(row, nil) }
        waiting.removeAll()
    }
}

extension DirectoryReader.StoredRow {
    fileprivate func json(committed: Slot, effective: Bool?) -> JSON {
        guard case .row(let row, _) = self else {
            return .object([
                ("slot", .unsigned(slot.rawValue)), ("ballot", .null), ("kind", .null),
                ("committed", .bool(slot <= committed)), ("effective", .null),
                ("checksum_ok", .bool(false)), ("token", .null), ("hash", .null),
                ("payload_base64", .null),
            ])
        }
        let entry = row.entry
        return .object([
            ("slot", .unsigned(slot.rawValue)), ("ballot", .string(row.ballot.text)),
            ("kind", .string(entry.kind)),
            ("committed", .bool(slot <= committed || row.isChosen)),
            ("effective", .optional(effective)), ("checksum_ok", .bool(true)),
            ("token", .optional(entry.token.map { "\($0)" })),
            ("hash", .string(entry.hash.hexadecimal)),
            ("payload_base64", .optional(entry.payload.map(Base64.encode))),
        ])
    }
}
