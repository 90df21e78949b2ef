import LogCommands
import LogStorage
import LogWire
import PaxosCore

/// Several directories of one cluster, open together.
final class DirectoryGroup {
    private let readers: [OneReader]

    /// Holds a reader that cannot stand in an array itself.
    private final class OneReader {
        let reader: DirectoryReader

        init(_ directory: String) throws(LogOpenError) {
            reader = try DirectoryReader(at: directory)
        }
    }

    init(_ directories: [String]) throws(LogOpenError) {
        var readers: [OneReader] = []
        for directory in directories { readers.append(try OneReader(directory)) }
        self.readers = readers
    }

    func withReader<Result>(
        _ position: Int,
        _ body: (borrowing DirectoryReader) throws(LogOpenError) -> Result
    ) throws(LogOpenError) -> Result {
        try body(readers[position].reader)
    }

    // MARK: - Agreement

    /// Compares the committed entries of all directories, a piece of the log at a time. What cannot be
    /// read has been reported before and agrees with everything.
    func compare(_ report: (Int, Fault) -> Void) throws(LogOpenError) {
        let first = readers[0].reader.identity
        var committed: [Slot] = []
        var trimmed: [Slot] = []
        var bases: [(position: Int, base: Base)] = []
        for (position, one) in readers.enumerated() {
            let identity = one.reader.identity
            if identity.cluster != first.cluster || identity.membership != first.membership {
                report(
                    position,
                    Fault(.foreignCluster, "cluster \(identity.cluster), other members")
                )
                return
            }
            let state = try? one.reader.state()
            committed.append(state?.committed ?? .zero)
            trimmed.append(state?.trimmed ?? .zero)
            if let base = state?.base {
                // What is trimmed from several at one slot did the same in each.
                if let other = bases.first(where: { $0.base.slot == base.slot }),
                    other.base.checkpoint != base.checkpoint || other.base.digest != base.digest
                {
                    let detail = "what is trimmed did something else in directory "
                    report(
                        position,
                        Fault(.disagreement, at: base.slot, detail + "\(other.position + 1)")
                    )
                }
                bases.append((position, base))
            }
        }
        let end = committed.max() ?? .zero
        // Below, no directory has a row.
        var start = (trimmed.min() ?? .zero).next
        while start <= end {
            let piece = start...min(start.advanced(by: Self.piece - 1), end)
            try compare(piece, committed, report)
            start = piece.upperBound.next
        }
    }

    private static let piece = 8_192

    private func compare(
        _ slots: ClosedRange<Slot>,
        _ committed: [Slot],
        _ report: (Int, Fault) -> Void
    ) throws(LogOpenError) {
        var known = [(hash: Hash64, position: Int)?](repeating: nil, count: Self.piece)
        for (position, one) in readers.enumerated() {
            // A tree that is damaged has been reported.
            try? one.reader.scanRows(in: slots) { row in
                guard case .row(let row, _) = row,
                    row.slot <= committed[position] || row.isChosen
                else { return true }
                let place = row.slot.count(after: slots.lowerBound.previous) - 1
                let hash = row.entry.hash
                if let other = known[place] {
                    if other.hash != hash {
                        report(position, Self.disagreement(row, hash, other.hash, other.position))
                    }
                } else {
                    known[place] = (hash, position)
                }
                return true
            }
        }
    }

    private static func disagreement(
        _ row: AcceptedEntry,
        _ hash: Hash64,
        _ otherHash: Hash64,
        _ other: Int
    ) -> Fault {
        Fault(
            .disagreement,
            at: row.slot,
            "\(row.entry.kind) \(hash.hexadecimal) under \(row.ballot.text), but "
                + "\(otherHash.hexadecimal) in directory \(other + 1) of the command"
        )
    }
}
