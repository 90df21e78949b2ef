public import LogStorage
internal import Logging
internal import PaxosCore

extension LogNode {
    /// The effective commands from a slot on, for ever.
    ///
    /// ```swift
    /// for try await event in node.subscribe(from: state.slot.next) {
    ///     switch event {
    ///     case .entry(let slot, let payload, _): state.apply(payload, at: slot)
    ///     case .progress(let slot): state.slot = slot
    ///     case .gap(_, .snapshot(let snapshot)):      // the state up to there
    ///         state = try await snapshot.read { reader in try State(restoring: &reader) }
    ///     default: throw LogIsTrimmed()               // a gap, and nothing to begin with
    ///     }
    /// }
    /// ```
    ///
    /// The sequence pulls: it reads when the caller asks for the next event, from memory at the tail and
    /// from the store behind it, in bounded pieces. A slow subscriber costs nobody anything. Beginning
    /// beyond the end of the log waits. Every node delivers the same commands in the same order. What is read
    /// ahead for all subscriptions of a node is bounded by `Limits.tailBytes`, and 16 KiB for each: the more
    /// of them stand still, the smaller are the pieces.
    ///
    /// Iteration ends when its task is cancelled, and throws `ReadError.closed` when the node shuts down;
    /// what is in memory is delivered before. Newly delivered commands are kept there, up to
    /// `Limits.tailBytes`, while any iterator of the node is alive.
    public func subscribe(from slot: Slot) -> Subscription {
        Subscription(node: self, from: max(slot, .first))
    }

    /// The effective commands from the first slot that is kept, or from those on that are delivered after this
    /// call; as `subscribe(from:)` with that slot.
    ///
    /// ```swift
    /// for try await event in node.subscribe(from: .tail) { … }
    /// ```
    ///
    /// What was known as committed when the node was opened lies before its tail, also before `run()`.
    public func subscribe(from start: Subscription.Start) -> Subscription {
        let slot =
            switch start {
            case .firstRetained: tail.gone.next
            case .tail: max(tail.delivered, tail.recovered).next
            }
        return Subscription(node: self, from: slot)
    }
}

extension LogNode {
    /// The effective commands of a log from a slot on; see `LogNode.subscribe(from:)`.
    public struct Subscription: AsyncSequence, Sendable {
        /// What an iteration throws.
        public typealias Failure = ReadError

        /// Where a subscription may begin beside a slot.
        @nonexhaustive
        public enum Start: Hashable, Sendable {
            /// The first slot that is kept.
            case firstRetained
            /// The slot after the newest that is delivered.
            case tail
        }

        let node: LogNode
        let from: Slot

        /// Begins at the slot the subscription was made for.
        public func makeAsyncIterator() -> Iterator {
            Iterator(node: node, from: from)
        }

        /// Pulls one event after the other.
        public struct Iterator: AsyncIteratorProtocol, Sendable {
            private let node: LogNode
            private let reader: Tail.Reader
            /// Everything before this slot was handed out or holds nothing effective.
            private var next: Slot
            /// The slot of the last entry or gap.
            private var previous: Slot
            /// The last slot of which an event has told anything.
            private var told: Slot
            /// The last event but what tells of progress was a gap.
            private var isBehind = false
            /// A piece of the log that was pulled and not handed out yet.
            private var piece: [Delivered] = []
            private var position = 0
            /// The token of the entry handed out last.
            package private(set) var token: Token?
            /// That entry is the last of its batch.
            package private(set) var endsBatch = true

            init(node: LogNode, from slot: Slot) {
                self.node = node
                reader = node.tail.makeReader()
                next = slot
                previous = slot.previous
                told = slot.previous
            }

            /// The next event; waits for one at the end of the log.
            ///
            /// - Returns: `nil` once the task is cancelled.
            /// - Throws: `ReadError`.
            public mutating func next() async throws(ReadError) -> Event? {
                try await next(isolation: nil)
            }

            /// The next event; waits for one at the end of the log.
            ///
            /// - Returns: `nil` once the task is cancelled.
            /// - Throws: `ReadError`.
            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async throws(ReadError) -> Event? {
                if Task.isCancelled { return nil }
                while position == piece.count {
                    if Task.isCancelled { return nil }
                    if next.previous > told {
                        told = next.previous
                        return .progress(through: told)
                    }
                    if let gap = try await pull() { return gap }
                }
                let entry = piece[position]
                position += 1
                if position == piece.count {
                    piece = []
                    position = 0
                    reader.handedOn()
                }
                told = entry.slot
                isBehind = false
                token = entry.command.token
                endsBatch = entry.command.index + 1 == entry.command.count
                defer { previous = entry.slot }
                return .entry(slot: entry.slot, payload: entry.payload, previous: previous)
            }

            /// Returns once `next()` has something to say, or the task is cancelled, and holds nothing of it:
            /// for whoever may take no more before something else is done.
            ///
            /// - Returns: Whether that needs no read of the disk, as far as can be known before.
            package func ready() async -> Bool {
                guard position == piece.count, next.previous <= told else { return true }
                await reader.tail.wait(for: next)
                return reader.tail.isWarm(at: next)
            }

            /// Fetches a piece, waits for one, or finds a gap.
            private mutating func pull() async throws(ReadError) -> Event? {
                switch reader.pull(from: next) {
                case .entries(let entries, let through):
                    piece = entries
                    next = through.next
                case .cold(let through, let maxBytes):
                    let page: (entries: [Delivered], through: Slot)
                    do throws(ReadError) {
                        page = try await node.readPage(next...through, maxBytes: maxBytes)
                    } catch {
                        reader.handedOn()
                        // It stood where the log was trimmed meanwhile.
                        guard case .trimmed(let through) = error else { throw error }
                        return try await gap(
                            through: Swift.max(through, node.store.base.slot),
                            isPassed: reader.tail.isPassed(next)
                        )
                    }
                    // The last of a page may be larger than what was left for it: it is read again.
                    piece = page.entries.fitting(maxBytes)
                    let isWhole = piece.count == page.entries.count
                    next = (isWhole ? page.through : piece.last?.slot ?? page.through).next
                    // One alone is handed on at once.
                    reader.holds(piece.count > 1 ? piece.tailBytes : 0)
                case .trimmed(let through, let isPassed):
                    return try await gap(through: through, isPassed: isPassed)
                case .nothingYet:
                    await reader.tail.wait(for: next)
                case .ended(let refusal):
                    throw ReadError(refusal, node.ending)
                }
                return nil
            }

            /// What is missing; with the oldest snapshot that holds all of it, if there is one: behind that every row is
            /// kept that comes after, and whoever begins with it goes on with the next slot. Who has met another gap
            /// without an entry between is slower than that: it gets the newest.
            private mutating func gap(
                through slot: Slot,
                isPassed: Bool
            ) async throws(ReadError) -> Event {
                // Of one that cannot be read the log tells; then nothing fills the gap.
                let snapshots = (try? await node.openSnapshots()) ?? []
                let snapshot = (isBehind ? snapshots : snapshots.reversed()).first {
                    $0.info.slot >= slot
                }
                isBehind = true
                let end = snapshot?.info.slot ?? slot
                next = end.next
                previous = end
                told = end
                guard let snapshot else {
                    return .gap(through: end, reason: isPassed ? .base : .trimmed)
                }
                return .gap(through: end, reason: .snapshot(snapshot))
            }
        }
    }
}

extension LogNode.Subscription {
    /// What a subscriber sees.
    @nonexhaustive
    public enum Event: Hashable, Sendable {
        /// An effective command. `previous` is the slot of the entry or gap before this one in the
        /// subscription, or the slot before the one it began at: nothing effective lies between the two.
        case entry(slot: Slot, payload: [UInt8], previous: Slot)
        /// The slots up to `through` are not kept any more, or are in the snapshot that comes with it.
        case gap(through: Slot, reason: GapReason)
        /// Nothing is effective between the event before and `through`; what follows is not known or not read
        /// yet. It tells whoever waits for a slot that holds no command that the slot has passed (`R86`).
        case progress(through: Slot)

        /// Everything up to here has been seen by whoever has seen this event.
        public var through: Slot {
            switch self {
            case .entry(let slot, _, _): slot
            case .gap(let through, _), .progress(let through): through
            }
        }
    }

    /// Why slots are missing from a subscription.
    @nonexhaustive
    public enum GapReason: Hashable, Sendable {
        /// They were trimmed, and no snapshot of this node holds what they did.
        case trimmed
        /// This node was so far behind that others had trimmed them: it took what they did and goes on there, and
        /// they were never delivered here, nor was there a snapshot. Said as `trimmed` by a process that was opened since.
        case base
        /// This one holds what the host wrote of the state behind them, at this member or at another that has given it
        /// to this one: `LogSnapshot.read(_:)`, and then what follows. It can be read for as long as it is held.
        case snapshot(LogSnapshot)
    }
}

extension LogNode.Subscription.GapReason: CustomStringConvertible {
    /// The name of the case.
    public var description: String {
        switch self {
        case .trimmed: "trimmed"
        case .base: "base"
        case .snapshot: "snapshot"
        }
    }
}
