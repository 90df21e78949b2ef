internal import PaxosCore
internal import Platform

/// Where the facts of a node go for those who iterate over its events.
final class EventHub: Sendable {
    private struct State {
        var feeds: [UInt64: EventFeed.Inlet] = [:]
        var nextFeed: UInt64 = 0
        var isEnded = false
    }

    private let state = Locked(State())

    /// How many iterate.
    var listeners: Int { state.withLock { $0.feeds.count } }

    /// Nothing is kept of it where nobody iterates.
    func publish(_ facts: [NodeFact]) {
        guard !facts.isEmpty else { return }
        let feeds = state.withLock { Array($0.feeds.values) }
        for feed in feeds { feed.put(facts) }
    }

    /// The node has ended.
    func end() {
        let feeds = state.withLock { state in
            state.isEnded = true
            defer { state.feeds = [:] }
            return Array(state.feeds.values)
        }
        for feed in feeds { feed.end() }
    }

    fileprivate func add(_ inlet: EventFeed.Inlet) -> UInt64 {
        let (name, isEnded) = state.withLock { state in
            state.nextFeed += 1
            if !state.isEnded { state.feeds[state.nextFeed] = inlet }
            return (state.nextFeed, state.isEnded)
        }
        if isEnded { inlet.end() }
        return name
    }

    fileprivate func remove(_ name: UInt64) {
        state.withLock { _ = $0.feeds.removeValue(forKey: name) }
    }
}

/// What an iteration has not read yet. The hub forgets it when nobody has the iterator any more.
final class EventFeed: Sendable {
    struct Item: Sendable {
        let fact: NodeFact
        /// How many were dropped before it.
        let dropped: Int
    }

    /// So many are kept.
    static let capacity = 256

    private let hub: EventHub
    private let inlet: Inlet
    private let name: UInt64

    init(_ hub: EventHub) {
        self.hub = hub
        inlet = Inlet()
        name = hub.add(inlet)
    }

    deinit { hub.remove(name) }

    func next() async -> Item? {
        let inlet = inlet
        inlet.begin()
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { inlet.wait($0) }
        } onCancel: {
            inlet.cancel()
        }
    }

    /// The end that the hub holds.
    final class Inlet: Sendable {
        typealias Waiter = UnsafeContinuation<Item?, Never>

        private struct State {
            var facts = Ring<NodeFact>()
            var dropped = 0
            var isEnded = false
            /// Who waits for the next event: one at a time, since an iterator is one task's.
            var waiter: Waiter?
            /// The task that is about to wait has been cancelled.
            var isCancelled = false

            mutating func take() -> Item? {
                guard let fact = facts.popFirst() else { return nil }
                defer { dropped = 0 }
                return Item(fact: fact, dropped: dropped)
            }
        }

        private let state = Locked(State())

        func put(_ facts: [NodeFact]) {
            let (waiter, event) = state.withLock { state -> (Waiter?, Item?) in
                for fact in facts {
                    if state.facts.count == EventFeed.capacity {
                        _ = state.facts.popFirst()
                        state.dropped += 1
                    }
                    state.facts.append(fact)
                }
                guard let waiter = state.waiter.take() else { return (nil, nil) }
                return (waiter, state.take())
            }
            waiter?.resume(returning: event)
        }

        func end() {
            let waiter = state.withLock { state in
                state.isEnded = true
                return state.waiter.take()
            }
            waiter?.resume(returning: nil)
        }

        /// Whoever asks now was not cancelled with who asked before.
        func begin() {
            state.withLock { $0.isCancelled = false }
        }

        func wait(_ waiter: Waiter) {
            let (event, isOver) = state.withLock { state -> (Item?, Bool) in
                if state.isCancelled { return (nil, true) }
                if let event = state.take() { return (event, true) }
                if state.isEnded { return (nil, true) }
                precondition(state.waiter == nil, "two tasks use one iterator")
                state.waiter = waiter
                return (nil, false)
            }
            if isOver { waiter.resume(returning: event) }
        }

        func cancel() {
            let waiter = state.withLock { state -> Waiter? in
                guard let waiter = state.waiter.take() else {
                    state.isCancelled = true
                    return nil
                }
                return waiter
            }
            waiter?.resume(returning: nil)
        }
    }
}
