/// What can go wrong in the world.
package enum FaultKind: Int, CaseIterable, Sendable {
    // Network.
    case loss, duplication, reordering, slowLink
    /// Two sides that cannot hear each other.
    case partition
    /// Some links down, so that nodes disagree on who can be reached.
    case partialPartition
    /// A link down in one direction.
    case oneWayPartition

    // Processes.
    case pause, crash
    /// A crash before, during or after a flush, or between a receipt and the step that takes it in.
    case crashAtWrite
    /// An orderly end, and a new start.
    case shutdown
    /// A clock that runs faster or slower than the others.
    case clockDrift

    // Disks.
    case stall, writeFailure, flushFailure, full
    /// A flipped bit in a row.
    case rot
    /// The directory is lost and made anew.
    case wipe
    /// The directory is replaced by an older copy of itself.
    case rollback
    /// A copy of the directory is started beside it.
    case twin

    /// Links that carry so many bytes a tick, and queues before them.
    case narrowLink
    /// Links that shut behind what a proposer sends, and open when another one is at work.
    case ambush

    // Operators.
    /// The members were not all given the same list, or the same limits.
    case lists

    // Network once more: a number is a kind's for good, since seeds draw by it.
    /// One lane of links carries nothing, and the other goes on.
    case laneCut
    /// One lane of links holds what it is given for a time, and the other goes on.
    case laneStall

    // Prepared (`Aim`).
    /// A process ends with all that it has written and not seen durable, and is back before it is missed.
    case lostWrite
    /// A member that lacks more than a window is the only one that reaches all others, and nobody leads.
    case laggard
    /// Rows that arrive when others have been asked for them.
    case lateRows
    /// What a leader has accepted alone is found by the second that follows it, and the first knows nothing of it.
    case threeLeaders

    /// A message whose claims are invented, under the name of a process that counts.
    case invention

    // Operators once more.
    /// Members are told to trim their logs.
    case trim

    /// Callers ask what became of a token, and some have it settled.
    case resolve
    /// Callers append for one slot, and several for the same.
    case condition
    /// Members are told that another one is to lead, and some are preferred.
    case transfer

    package var name: String { "\(self)" }
}

/// Which kinds of fault a run may have.
package struct FaultSet: Sendable, Hashable {
    private var bits: UInt64 = 0

    package init(_ kinds: [FaultKind] = []) {
        for kind in kinds { insert(kind) }
    }

    package func contains(_ kind: FaultKind) -> Bool { bits & (1 << UInt64(kind.rawValue)) != 0 }

    package mutating func insert(_ kind: FaultKind) { bits |= 1 << UInt64(kind.rawValue) }

    package mutating func remove(_ kind: FaultKind) { bits &= ~(1 << UInt64(kind.rawValue)) }

    package var kinds: [FaultKind] { FaultKind.allCases.filter { contains($0) } }

    package static let none = FaultSet()
    package static let all = FaultSet(FaultKind.allCases)
    package static let network = FaultSet([
        .loss, .duplication, .reordering, .slowLink, .partition, .partialPartition,
        .oneWayPartition, .narrowLink, .ambush, .laneCut, .laneStall,
        .laggard, .lateRows, .threeLeaders, .invention,
    ])
    package static let crash = FaultSet([
        .pause, .crash, .crashAtWrite, .shutdown, .clockDrift, .ambush, .lostWrite,
    ])
    package static let disk = FaultSet([
        .crash, .stall, .writeFailure, .flushFailure, .full, .rot, .wipe, .rollback, .twin,
    ])
}

/// How often each kind of fault has really happened.
package struct FaultCounts: Sendable, Hashable, CustomStringConvertible {
    private var counts = [Int](repeating: 0, count: FaultKind.allCases.count)

    package init() {}

    package subscript(kind: FaultKind) -> Int { counts[kind.rawValue] }

    mutating func count(_ kind: FaultKind) { counts[kind.rawValue] += 1 }

    package mutating func add(_ other: FaultCounts) {
        for kind in FaultKind.allCases { counts[kind.rawValue] += other[kind] }
    }

    package var description: String {
        FaultKind.allCases.filter { self[$0] > 0 }
            .map { "\($0.label)=\(self[$0])" }
            .joined(separator: " ")
    }
}
