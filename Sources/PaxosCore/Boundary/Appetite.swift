/// How much a core takes now of what waits in the inbox: whole appends, in the order in which they came.
package struct Appetite: Hashable, Sendable {
    /// Slots that they may fill: one each, a batch one for each of its payloads.
    package private(set) var slots: Int
    /// Payload bytes that they may bring.
    package private(set) var bytes: Int

    package init(slots: Int, bytes: Int) {
        self.slots = slots
        self.bytes = bytes
    }

    /// Nothing: nobody would propose it, or there is no room.
    package static let none = Appetite(slots: 0, bytes: 0)

    /// True if an append of this size is taken, whole.
    package func takes(slots: Int, bytes: Int) -> Bool {
        slots <= self.slots && bytes <= self.bytes
    }

    package func takes(_ append: AppendRequest) -> Bool {
        takes(slots: append.count, bytes: append.bytes)
    }

    /// What is left of it behind an append that was taken.
    package mutating func take(slots: Int, bytes: Int) {
        self.slots -= slots
        self.bytes -= bytes
    }

    package mutating func take(_ append: AppendRequest) {
        take(slots: append.count, bytes: append.bytes)
    }
}
