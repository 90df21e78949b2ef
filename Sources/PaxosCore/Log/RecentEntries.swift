/// What the slots hold that were delivered last, but for the payloads: enough to notice that somebody has
/// something else in one of them.
struct RecentEntries: Sendable {
    /// How many slots are remembered.
    private static let most = 1_024

    private var first = Slot.zero
    private var names: [Entry] = []

    /// Takes in the entry of the slot behind the last one.
    mutating func append(_ entry: Entry, at slot: Slot) {
        if names.isEmpty || slot != first.advanced(by: names.count) {
            names.removeAll(keepingCapacity: true)
            first = slot
        }
        names.append(entry.name)
        guard names.count == 2 * Self.most else { return }
        names.removeFirst(Self.most)
        first = first.advanced(by: Self.most)
    }

    /// The entry of a slot without its payload, if that is known still.
    subscript(slot: Slot) -> Entry? {
        guard slot >= first, slot < first.advanced(by: names.count), !names.isEmpty else {
            return nil
        }
        return names[slot.count(after: first)]
    }
}

extension Entry {
    /// Which entry it is. A token is proposed with one payload, so that need not be compared.
    var name: Entry {
        guard case .command(let command) = self else { return self }
        return .command(
            Command(
                token: command.token,
                index: command.index,
                count: command.count,
                payload: []
            )
        )
    }
}
