package import PaxosCore

/// The beginning of something whose end has not arrived. What arrives whole is looked at where it lies; only what
/// comes in pieces is kept and joined, and a piece of it no longer than it is said to be. Grows with what
/// arrives, never with what a length field says (`R39`).
package struct ReceivedBytes: Sendable {
    /// As much room is kept for the next.
    private static let keptBytes = 1 << 20

    private var held: [UInt8] = []

    package init() {}

    package var count: Int { held.count }

    /// What is seen in the first bytes of something.
    package enum Look<Unit> {
        /// It is here, and so long.
        case whole(Unit, bytes: Int)
        /// Nothing before so many bytes of it are here: more than there are.
        case needs(Int)
    }

    /// Takes the next unit from the front of what has arrived, or from what was kept and the front together.
    ///
    /// - Returns: `nil` if its end has not arrived yet. Then all that has is kept.
    package mutating func next<Unit>(
        from arrived: inout ByteReader,
        _ look: (ByteReader) throws(PeerRefusal) -> Look<Unit>
    ) throws(PeerRefusal) -> Unit? {
        if held.isEmpty {
            switch try look(arrived) {
            case .whole(let unit, let bytes):
                precondition(arrived.skip(bytes), "a unit ends beyond what has arrived")
                return unit
            case .needs(let count):
                precondition(count > arrived.remaining, "bytes that are here are waited for")
                keep(arrived.remaining, of: &arrived)
                return nil
            }
        }
        while true {
            switch try look(held.span) {
            case .whole(let unit, let bytes):
                precondition(bytes == held.count, "no more is kept than the unit has")
                held.removeAll(keepingCapacity: held.capacity <= Self.keptBytes)
                return unit
            case .needs(let count):
                precondition(count > held.count, "bytes that are here are waited for")
                guard arrived.remaining > 0 else { return nil }
                keep(min(count - held.count, arrived.remaining), of: &arrived)
            }
        }
    }

    private mutating func keep(_ count: Int, of arrived: inout ByteReader) {
        arrived.extracting(first: count).withUnsafeBufferPointer { held.append(contentsOf: $0) }
        arrived.skip(count)
    }
}
