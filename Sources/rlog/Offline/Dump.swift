import ArgumentParser
import LogCommands
import LogStorage
import PaxosCore

/// `rlog dump`: every row of a directory, as JSON.
struct Dump: RlogCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a log, one JSON object a slot; changes nothing.",
        discussion: """
            The first line tells promised, last_round, committed_slot and trimmed_slot. committed is a \
            lower bound after a crash. effective is null where it is not decided yet: above the \
            watermark, in a batch that is not whole, above a row that cannot be read, and in a batch whose \
            beginning is trimmed. hash is FNV-1a \
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
        let cursors = state.cursors.isEmpty ? [] : [("cursors", state.cursorsJSON)]
        Output.answer(
            .object(
                [
                    ("promised", .string(state.promised.text)),
                    ("last_round", .unsigned(state.lastRound)),
                    ("committed_slot", .unsigned(state.committed.rawValue)),
                    ("trimmed_slot", .unsigned(state.trimmed.rawValue)),
                ] + cursors
            )
        )
        // What lies at rest is as true some lines later: whole lines, many in one call.
        var lines: [UInt8] = []
        defer { Output.answer(lines) }
        var rows = DumpedRows(state: state) { row, effective in
            guard row.slot >= from, row.slot <= to else { return }
            row.write(to: &lines, committed: state.committed, effective: effective)
            guard lines.count >= batchBytes else { return }
            Output.answer(lines)
            lines.removeAll(keepingCapacity: true)
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

    /// How many bytes of lines are written at once, about.
    private static let batchBytes = 1 << 16
}

/// Rows in slot order, each given out as soon as its effect is decided, or cannot be.
private struct DumpedRows {
    private let state: RecoveredState
    private let give: (DirectoryReader.StoredRow, Bool?) -> Void
    private var delivery: Delivery
    /// Rows that are not given out: the beginning of a batch at most.
    private var waiting: [DirectoryReader.StoredRow] = []
    /// What is decided of those, in the order of slots.
    private var decided: [(slot: Slot, isEffective: Bool)] = []
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
        delivery.feed(accepted.entry) { decided.append(($0.slot, $0.effect == .effective)) }
        var given = 0
        var known = 0
        while given < waiting.count, waiting[given].slot <= delivery.delivered {
            let slot = waiting[given].slot
            // What is no command has no effect on the host.
            var isEffective = false
            if known < decided.count, decided[known].slot == slot {
                isEffective = decided[known].isEffective
                known += 1
            }
            give(waiting[given], isEffective)
            given += 1
        }
        decided.removeFirst(known)
        waiting.removeFirst(given)
    }

    mutating func end() { giveAll() }

    private mutating func giveAll() {
        for row in waiting { give(row, nil) }
        waiting.removeAll()
    }
}

extension DirectoryReader.StoredRow {
    /// Appends the row as a line. Logs are dumped by the hundred megabytes, so what each row has is written
    /// without a value or a string in between.
    fileprivate func write(to line: inout [UInt8], committed: Slot, effective: Bool?) {
        guard case .row(let row, _) = self else {
            JSON.object([
                ("slot", .unsigned(slot.rawValue)), ("ballot", .null), ("kind", .null),
                ("committed", .bool(slot <= committed)), ("effective", .null),
                ("checksum_ok", .bool(false)), ("token", .null), ("hash", .null),
                ("payload_base64", .null),
            ]).write(to: &line)
            line.append(UInt8(ascii: "\n"))
            return
        }
        let entry = row.entry
        line.append(contentsOf: #"{"slot":"#.utf8)
        line.append(decimal: slot.rawValue)
        line.append(contentsOf: #","ballot":""#.utf8)
        line.append(decimal: row.ballot.round)
        line.append(UInt8(ascii: "."))
        line.append(decimal: row.ballot.node.rawValue)
        line.append(contentsOf: #"","kind":""#.utf8)
        line.append(contentsOf: entry.kind.utf8)
        line.append(contentsOf: #"","committed":"#.utf8)
        JSON.bool(slot <= committed || row.isChosen).write(to: &line)
        line.append(contentsOf: #","effective":"#.utf8)
        JSON.optional(effective).write(to: &line)
        line.append(contentsOf: #","checksum_ok":true,"token":"#.utf8)
        if let token = entry.token {
            line.append(UInt8(ascii: "\""))
            token.write(to: &line)
            line.append(UInt8(ascii: "\""))
        } else {
            JSON.null.write(to: &line)
        }
        if let slot = entry.expectedSlot {
            line.append(contentsOf: #","expected_slot":"#.utf8)
            line.append(decimal: slot.rawValue)
        }
        line.append(contentsOf: #","hash":""#.utf8)
        entry.hash.write(to: &line)
        line.append(contentsOf: #"","payload_base64":"#.utf8)
        (entry.payload.map(JSON.bytes) ?? .null).write(to: &line)
        line.append(contentsOf: "}\n".utf8)
    }
}
