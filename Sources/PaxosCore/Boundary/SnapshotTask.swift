/// Asks for something to be done with the host's snapshots, which are files beside the store; the answer comes back
/// as a `SnapshotCompletion` with the same id. What is asked for one after the other is done in this order.
///
///     giver      find, read, read, …, letGo
///     receiver   begin, write, write, …, finish
package struct SnapshotTask: Hashable, Sendable {
    package enum Work: Hashable, Sendable {
        /// The newest snapshot of a slot in a range, or the one that a member has begun to take, if that is here and
        /// in the range; answered by `offer`.
        case find(ClosedRange<Slot>, preferring: SnapshotName?)
        /// What its file holds from an offset on, at most so much; answered by `piece`. From the first of these on it
        /// can be read to its end, also if newer ones take its place, until `letGo`.
        case read(SnapshotName, offset: UInt64, maxBytes: Int)
        /// Nobody asks for it any more. Not answered.
        case letGo(SnapshotName)
        /// This node is to be given one of so many bytes, in the place of any that it has begun to take: how much of
        /// it is here already? Answered by `begun`.
        case begin(SnapshotName, bytes: UInt64)
        /// What follows of it; answered by `written`.
        case write(SnapshotName, offset: UInt64, bytes: [UInt8])
        /// It has come to its end. If it is what it is said to be, with this base, it is flushed and then given its name;
        /// answered by `finished`, behind which it is there whatever is cut off (`R42`).
        case finish(SnapshotName, Base)
    }

    package let id: ReadID
    package let work: Work
}

package struct SnapshotCompletion: Hashable, Sendable {
    package enum Result: Hashable, Sendable {
        case offer(OfferedBase?)
        /// Empty: it is not here, not any more, or cannot be read.
        case piece([UInt8])
        /// So many bytes are here, and are what was written.
        case begun(through: UInt64)
        case written
        case finished
        /// It is not what it was said to be: nothing is kept of it.
        case damaged
        /// Not now, as the disk is full. What is here is kept.
        case failed
    }

    package let id: ReadID
    package let result: Result

    package init(id: ReadID, result: Result) {
        self.id = id
        self.result = result
    }
}
