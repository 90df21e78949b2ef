/// The names by which fault kinds and sets of them are written on the command line and in scenarios.
extension FaultKind {
    /// Words with hyphens between them, as in `one-way-partition`.
    package var label: String { words(joinedBy: "-") }

    /// Words with underscores between them, for JSON.
    package var key: String { words(joinedBy: "_") }

    private func words(joinedBy separator: String) -> String {
        name.reduce(into: "") { words, letter in
            if letter.isUppercase { words += separator }
            words += letter.lowercased()
        }
    }
}

extension FaultSet: CustomStringConvertible {
    package static let named: [(name: String, set: FaultSet)] = [
        ("all", .all), ("network", .network), ("crash", .crash), ("disk", .disk), ("none", .none),
    ]

    private static let listMark = "only:"

    /// A named set, or `only:` and the kinds: `crash` is a set, `only:crash` that one kind.
    package init?(_ text: String) {
        if let named = Self.named.first(where: { $0.name == text }) {
            self = named.set
            return
        }
        guard text.hasPrefix(Self.listMark) else { return nil }
        self.init()
        for label in text.dropFirst(Self.listMark.count).split(separator: ",") {
            guard let kind = FaultKind.allCases.first(where: { $0.label == label }) else {
                return nil
            }
            insert(kind)
        }
        if kinds.isEmpty { return nil }
    }

    package var description: String {
        Self.named.first { $0.set == self }?.name
            ?? Self.listMark + kinds.map(\.label).joined(separator: ",")
    }
}
