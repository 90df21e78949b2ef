internal import PaxosCore

/// The slots that reads have met and could not give out, until each is read again whole: a disk may have
/// had a passing trouble.
struct UnreadableSlots {
    /// Of more the lowest are kept; the others are met again by who reads them.
    private static let most = 64

    /// In slot order.
    private var found: [(slot: Slot, isOfEffect: Bool)] = []

    var lowest: Slot? { found.first?.slot }

    /// What is trimmed is read by nobody any more.
    mutating func forget(through trimmed: Slot) {
        found.removeAll { $0.slot <= trimmed }
    }

    /// Takes in what became of a read.
    mutating func note<Row: ScannedRow>(_ scan: RowScan<Row>, withEffect: Bool) {
        if let end = scan.end {
            let whole = scan.slots.lowerBound...end
            // Rows alone do not tell their effect.
            found.removeAll { whole.contains($0.slot) && (withEffect || !$0.isOfEffect) }
        }
        guard let slot = scan.unreadable else { return }
        found.removeAll { $0.slot == slot }
        let place = found.firstIndex { $0.slot > slot } ?? found.endIndex
        found.insert((slot, scan.isOfEffect), at: place)
        if found.count > Self.most { found.removeLast() }
    }
}
