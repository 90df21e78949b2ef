internal import PaxosCore

extension SnapshotFolder {
    /// What a file with a snapshot's name turned out to be.
    enum Found {
        case good(Base)
        /// Taken from another member, and not installed yet.
        case taken(Base)
        case bad(SnapshotError)
    }

    struct State {
        var isClosed = false
        /// What is being written.
        var claimed: Slot?
        /// Who is told which rows are kept for a snapshot, and what was told last.
        var observer: (@Sendable (SnapshotHold) -> Void)?
        var told: SnapshotHold?
        /// The host writes some, though there is none yet.
        var isAwaited = false
        var found: [Slot: Found] = [:]
        /// Where the log begins behind: from no snapshot below does it lead on.
        var trimmed = Slot.zero

        /// Those from which the log leads on, the newest first.
        var good: [Base] {
            let bases = found.values.compactMap { found in
                if case .good(let base) = found, base.slot >= trimmed { base } else { nil }
            }
            return bases.sorted { $0.slot > $1.slot }
        }

        /// The slot of the oldest that is good, or else of the first, while that is being written: from each of
        /// them the log leads on. `zero` if there are some and none is good, `limit` if there is none. What was
        /// trimmed past holds nothing back any more, whatever it is.
        var keepsAbove: Slot {
            let isNone = !found.contains { slot, found in
                if case .taken = found { false } else { slot >= trimmed }
            }
            return good.last?.slot ?? (isNone && !isAwaited ? claimed ?? .limit : .zero)
        }

        /// Why one is not read; the newest first.
        var unread: [SnapshotError] {
            found.sorted { $0.key > $1.key }.compactMap { slot, found in
                if case .bad(let error) = found { return error }
                if case .taken = found { return nil }
                return slot < trimmed ? .trimmed(through: trimmed) : nil
            }
        }

        mutating func tell() {
            let hold = SnapshotHold(keepsAbove: keepsAbove, newest: good.first?.slot)
            guard let observer, told != hold else { return }
            told = hold
            observer(hold)
        }
    }

    struct Acts {
        var isClosed = false
        /// The one that is being written.
        var part: String?
        /// The one that is being taken from another member.
        var taking: Taking?
    }
}
