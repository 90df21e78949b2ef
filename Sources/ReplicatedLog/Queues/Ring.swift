/// A queue in an array that is used round and round: elements come in behind and leave in front, each in
/// constant time, and what has left is not held any more.
struct Ring<Element> {
    /// As many as a power of two; `nil` where nothing is.
    private var places: [Element?] = []
    private var head = 0
    private(set) var count = 0

    private func place(_ position: Int) -> Int { (head + position) & (places.count - 1) }

    mutating func append(_ element: Element) {
        if count == places.count { grow() }
        places[place(count)] = element
        count += 1
    }

    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let first = places[head].take()
        head = place(1)
        count -= 1
        return first
    }

    mutating func removeAll(where isOut: (Element) -> Bool) {
        var kept = Ring()
        for element in self where !isOut(element) { kept.append(element) }
        self = kept
    }

    private mutating func grow() {
        var wider: [Element?] = []
        wider.reserveCapacity(Swift.max(8, 2 * count))
        wider.append(contentsOf: places[head...])
        wider.append(contentsOf: places[..<head])
        wider.append(contentsOf: repeatElement(nil, count: Swift.max(8, count)))
        places = wider
        head = 0
    }
}

extension Ring: Sendable where Element: Sendable {}

extension Ring: RandomAccessCollection {
    var startIndex: Int { 0 }
    var endIndex: Int { count }

    subscript(position: Int) -> Element {
        precondition(position >= 0 && position < count, "a position beyond the ring")
        guard let element = places[place(position)] else {
            preconditionFailure("a hole in the ring")
        }
        return element
    }
}

extension Ring: ExpressibleByArrayLiteral {
    init(arrayLiteral elements: Element...) {
        for element in elements { append(element) }
    }
}
