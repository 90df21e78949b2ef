/// The digests of the prefix through each of the slots that were delivered last: enough to notice that
/// somebody has something else in one of them, or has had in any slot before.
struct RecentPrefix: Sendable {
    /// How many slots are remembered.
    private static let most = 1_024

    /// The prefix before `digests`.
    private var start: PrefixMark
    /// Through `start.slot.next` and the slots that follow.
    private var digests: [PrefixDigest] = []

    /// - Parameter start: The prefix that was delivered before, to go on from.
    init(after start: PrefixMark = .none) {
        self.start = start
    }

    /// The whole prefix.
    var end: PrefixMark {
        guard let digest = digests.last else { return start }
        return PrefixMark(slot: start.slot.advanced(by: digests.count), digest: digest)
    }

    /// Takes in the slot behind the last one.
    mutating func append(_ mark: PrefixMark) {
        guard mark.slot == start.slot.advanced(by: digests.count + 1) else {
            start = mark
            digests.removeAll(keepingCapacity: true)
            return
        }
        digests.append(mark.digest)
        guard digests.count == 2 * Self.most else { return }
        start = PrefixMark(
            slot: start.slot.advanced(by: Self.most),
            digest: digests[Self.most - 1]
        )
        digests.removeFirst(Self.most)
    }

    /// The digest of the prefix through a slot, if that is known still.
    func digest(through slot: Slot) -> PrefixDigest? {
        guard slot > start.slot else { return slot == start.slot ? start.digest : nil }
        let place = slot.count(after: start.slot) - 1
        return place < digests.count ? digests[place] : nil
    }

    /// Whether the slot holds this entry, if that is known still.
    func holds(_ entry: Entry, in slot: Slot) -> Bool? {
        guard slot > .zero, let before = digest(through: slot.previous),
            let through = digest(through: slot)
        else { return nil }
        return before.appending(entry) == through
    }
}
