/// Appends that wait until a core takes them, in the order in which they came. Whoever steps a core keeps one:
/// the core keeps none.
///
/// Taking all of them costs nothing, and taking some what these cost, however many are left.
package struct Backlog: Sendable {
    private var appends: [AppendRequest] = []
    /// Those before it have left.
    private var head = 0

    package init() {}

    package var isEmpty: Bool { head == appends.count }
    package var count: Int { appends.count - head }
    package var first: AppendRequest? { isEmpty ? nil : appends[head] }

    /// Those that wait.
    package var waiting: ArraySlice<AppendRequest> { appends[head...] }

    package mutating func append(_ append: AppendRequest) {
        appends.append(append)
    }

    /// Takes the first ones out, as far as the appetite goes. Nobody passes one that is too large for it.
    package mutating func take(_ appetite: Appetite) -> [AppendRequest] {
        var rest = appetite
        var end = head
        while end < appends.count, rest.takes(appends[end]) {
            rest.take(appends[end])
            end += 1
        }
        if end == appends.count { return takeAll() }
        guard end > head else { return [] }
        let taken = Array(appends[head..<end])
        // Whoever takes one is the last to hold its payload.
        for place in head..<end { appends[place] = .taken }
        head = end
        if head >= 1_024, head * 2 >= appends.count { dropTaken() }
        return taken
    }

    /// Takes all of them out, and keeps room for as many.
    package mutating func takeAll() -> [AppendRequest] {
        if isEmpty { return [] }
        if head > 0 { dropTaken() }
        var empty: [AppendRequest] = []
        empty.reserveCapacity(appends.count)
        swap(&appends, &empty)
        return empty
    }

    package mutating func removeAll(where isOut: (AppendRequest) -> Bool) {
        dropTaken()
        appends.removeAll(where: isOut)
    }

    private mutating func dropTaken() {
        appends.removeFirst(head)
        head = 0
    }
}

extension AppendRequest {
    /// Stands where one was taken out.
    fileprivate static let taken = AppendRequest(
        waiter: WaiterID(index: 0, generation: 0),
        payloads: .one([]),
        bytes: 0,
        deadline: .never
    )
}
