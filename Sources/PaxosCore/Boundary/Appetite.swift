/// How much a core takes now of what waits in the inbox: whole appends, in the order in which they came.
package struct Appetite: Hashable, Sendable {
    /// Which slots an append may still get that asks for one. One that asks for another is taken whatever the room is:
    /// it needs none, and is told so.
    package enum Open: Hashable, Sendable {
        /// That is not known.
        case any
        /// Others have those up to here.
        case above(Slot)
        /// The next one alone: the one that is so many slots before this number as `slots` tells. So nothing is counted
        /// for an append that asks for none.
        case next(before: Int)

        package static func next(with slots: Int, of next: Slot) -> Open {
            .next(before: Int(next.rawValue) + slots)
        }
    }

    /// Slots that they may fill: one each, a batch one for each of its payloads.
    package private(set) var slots: Int
    /// Payload bytes that they may bring.
    package private(set) var bytes: Int
    private let open: Open

    package init(slots: Int, bytes: Int, open: Open = .any) {
        self.slots = slots
        self.bytes = bytes
        self.open = open
    }

    /// Nothing: nobody would propose it, or there is no room.
    package static let none = Appetite(slots: 0, bytes: 0)

    /// True if an append of this size is taken, whole.
    package func takes(slots: Int, bytes: Int) -> Bool {
        slots <= self.slots && bytes <= self.bytes
    }

    package func takes(_ append: AppendRequest) -> Bool {
        takes(slots: append.count, bytes: append.bytes)
            || (append.at != .zero && isElsewhere(append.at))
    }

    /// What is left of it behind an append that was taken.
    package mutating func take(slots: Int, bytes: Int) {
        self.slots -= slots
        self.bytes -= bytes
    }

    package mutating func take(_ append: AppendRequest) {
        if append.at != .zero, isElsewhere(append.at) { return }
        take(slots: append.count, bytes: append.bytes)
    }

    private func isElsewhere(_ at: Slot) -> Bool {
        switch open {
        case .any: false
        case .above(let slot): at <= slot
        case .next(let end): Int(at.rawValue) != end - slots
        }
    }
}
