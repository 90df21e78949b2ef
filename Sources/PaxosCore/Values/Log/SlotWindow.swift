/// Elements for some of the slots `base ..< end`: put anywhere at or above the base, taken from it.
///
/// A ring, so that a window which moves over millions of slots allocates only when it widens.
package struct SlotWindow<Element> {
    /// The lowest slot the window can hold; everything below has been taken.
    package private(set) var base: Slot
    /// Where the elements stand; `head` is the place of `base`. The length is a power of two or zero.
    private var ring: [Element?] = []
    private var head = 0
    private var width = 0

    package init(startingAt base: Slot) {
        self.base = base
    }

    /// The slot after the highest one that was put; `base` in an empty window.
    package var end: Slot { base.advanced(by: width) }
    package var isEmpty: Bool { width == 0 }

    package func contains(_ slot: Slot) -> Bool {
        slot >= base && slot < end && ring[place(of: slot)] != nil
    }

    package subscript(slot: Slot) -> Element? {
        guard slot >= base, slot < end else { return nil }
        return ring[place(of: slot)]
    }

    /// Puts or replaces the element of a slot, which is at or above the base.
    package mutating func put(_ element: Element, at slot: Slot) {
        precondition(slot >= base, "slot \(slot) has left the window")
        let needed = Int(slot.rawValue - base.rawValue) + 1
        if needed > ring.count { widen(to: needed) }
        width = max(width, needed)
        ring[place(of: slot)] = element
    }

    /// Changes the element of a slot in place, if there is one.
    package mutating func update(_ slot: Slot, _ change: (inout Element) -> Void) {
        guard slot >= base, slot < end else { return }
        let place = place(of: slot)
        guard var element = ring[place].take() else { return }
        change(&element)
        ring[place] = element
    }

    /// Takes the element of `base`, if there is one, and moves the base up by one slot.
    package mutating func popFirst() -> Element? {
        base = base.next
        guard width > 0 else { return nil }
        let element = ring[head].take()
        head = (head + 1) & (ring.count - 1)
        width -= 1
        return element
    }

    private func place(of slot: Slot) -> Int {
        (head + Int(slot.rawValue - base.rawValue)) & (ring.count - 1)
    }

    private mutating func widen(to needed: Int) {
        var length = max(16, ring.count)
        while length < needed { length *= 2 }
        var wider: [Element?] = []
        wider.reserveCapacity(length)
        for offset in 0..<width { wider.append(ring[(head + offset) & (ring.count - 1)]) }
        wider.append(contentsOf: repeatElement(nil, count: length - width))
        ring = wider
        head = 0
    }
}

extension SlotWindow: Sendable where Element: Sendable {}
