/// What will happen, earliest first; what falls on one moment happens in the order in which it was put
/// down. A binary heap.
struct Agenda<Event> {
    private struct Item {
        let moment: Moment
        let number: UInt64
        let event: Event

        func precedes(_ other: Item) -> Bool {
            moment != other.moment ? moment < other.moment : number < other.number
        }
    }

    private var items: [Item] = []
    private var count: UInt64 = 0

    /// When the next thing happens.
    var next: Moment? { items.first?.moment }

    mutating func put(_ event: Event, at moment: Moment) {
        count += 1
        items.append(Item(moment: moment, number: count, event: event))
        var child = items.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard items[child].precedes(items[parent]) else { break }
            items.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popFirst() -> (moment: Moment, event: Event)? {
        guard let first = items.first, let last = items.popLast() else { return nil }
        if !items.isEmpty {
            items[0] = last
            sink()
        }
        return (first.moment, first.event)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < items.count && items[child].precedes(items[least]) {
                least = child
            }
            guard least != parent else { return }
            items.swapAt(parent, least)
            parent = least
        }
    }
}
