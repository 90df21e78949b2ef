/// What will happen, earliest first; what falls on one moment happens in the order in which it was put
/// down. A binary heap of when: events are large, and stay where they were put.
struct Agenda<Event> {
    private struct Item {
        let moment: Moment
        let number: UInt64
        let place: Int

        func precedes(_ other: Item) -> Bool {
            moment != other.moment ? moment < other.moment : number < other.number
        }
    }

    private var items: [Item] = []
    private var count: UInt64 = 0
    private var events: [Event?] = []
    private var free: [Int] = []

    /// When the next thing happens.
    var next: Moment? { items.first?.moment }

    mutating func put(_ event: Event, at moment: Moment) {
        count += 1
        items.append(Item(moment: moment, number: count, place: keep(event)))
        var child = items.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard items[child].precedes(items[parent]) else { break }
            items.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func keep(_ event: Event) -> Int {
        guard let place = free.popLast() else {
            events.append(event)
            return events.count - 1
        }
        events[place] = event
        return place
    }

    mutating func popFirst() -> (moment: Moment, event: Event)? {
        guard let first = items.first, let last = items.popLast() else { return nil }
        if !items.isEmpty {
            items[0] = last
            sink()
        }
        free.append(first.place)
        guard let event = events[first.place].take() else { return nil }
        return (first.moment, event)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            let left = 2 * parent + 1
            if left < items.count, items[left].precedes(items[least]) { least = left }
            if left + 1 < items.count, items[left + 1].precedes(items[least]) { least = left + 1 }
            guard least != parent else { return }
            items.swapAt(parent, least)
            parent = least
        }
    }
}
