internal import PaxosCore

extension LogNode {
    /// What happens to the node, as it happens, from the moment on at which an iteration begins.
    ///
    /// Every iteration has all events of its own. It ends when the node has ended, behind the last event, or when
    /// its task is cancelled. Who leaves events unread holds up nobody: the newest `Events.capacity` are kept,
    /// and the next one that is read says how many were dropped before it (`Event.dropped`).
    /// How things are when an iteration begins `status` tells.
    ///
    /// ```swift
    /// for await event in node.events {
    ///     switch event.fact {
    ///     case .becameLeader(let ballot): print("leads under \(ballot)")
    ///     case .lostLeadership(_, let why): print("leads no more: \(why.rawValue)")
    ///     default: print(event.fact)
    ///     }
    /// }
    /// ```
    public var events: Events { Events(hub: eventHub) }

    /// Something that has happened to a node.
    public struct Event: Hashable, Sendable {
        /// What has happened.
        public let fact: NodeFact
        /// How many events before this one were dropped, because they were not read in time.
        public let dropped: Int
    }

    /// See `LogNode.events`.
    public struct Events: AsyncSequence, Sendable {
        /// An iteration throws nothing.
        public typealias Failure = Never

        /// How many events of an iteration may be unread.
        public static var capacity: Int { EventFeed.capacity }

        let hub: EventHub

        /// Begins an iteration: what happens from now on is in it.
        public func makeAsyncIterator() -> Iterator { Iterator(feed: EventFeed(hub)) }

        /// Hands out one event after the other, to one task.
        public struct Iterator: AsyncIteratorProtocol {
            let feed: EventFeed

            /// The next event; waits for one.
            ///
            /// - Returns: `nil` once the node has ended or the task is cancelled.
            public mutating func next() async -> Event? { await feed.next().map(Event.init) }

            /// The next event; waits for one.
            ///
            /// - Returns: `nil` once the node has ended or the task is cancelled.
            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async -> Event? {
                await feed.next().map(Event.init)
            }
        }
    }
}

extension LogNode.Event {
    fileprivate init(_ item: EventFeed.Item) {
        self.init(fact: item.fact, dropped: item.dropped)
    }
}
