/// The number of a transaction of one data directory: an offset kept in its identity, plus the number that
/// the database gave it. It grows with every transaction, over every restart and every rewriting of the
/// file (`R92`).
package struct WriteNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static let none = WriteNumber(0)

    package static func < (left: WriteNumber, right: WriteNumber) -> Bool {
        left.rawValue < right.rawValue
    }

    package var description: String { String(rawValue) }
}

/// One opening of a directory, committed by its own first write before anything was said.
package struct Opening: Hashable, Sendable {
    package let process: ProcessID
    /// The number of the write that committed it.
    package let write: WriteNumber

    package init(process: ProcessID, write: WriteNumber) {
        self.process = process
        self.write = write
    }
}

/// What a peer has met of a node: a process, and the highest write number that it has heard of it.
package struct Claim: Hashable, Sendable {
    package let process: ProcessID
    package let heard: WriteNumber

    package init(process: ProcessID, heard: WriteNumber) {
        self.process = process
        self.heard = heard
    }
}

/// That this directory holds the process which a peer has met, and what followed there.
package struct Proof: Hashable, Sendable {
    package let process: ProcessID
    /// The write by which the next opening was committed.
    package let next: WriteNumber
}

/// The openings of a directory, from a floor on: by them a process proves that it stands where its peers
/// have met it, and finds out if it does not (`R81`).
///
/// A copy of the directory shares the openings up to where it was taken, and what the original wrote since is
/// not in it. So the first opening of the copy has a write number that the original has given out already, and
/// it keeps it however often the copy is opened again: whoever has heard a statement of the original
/// with that number or a higher one knows the copy by it for good.
package struct Lineage: Hashable, Sendable {
    /// In ascending order of boot, without a gap; the last is this process's own.
    package private(set) var openings: [Opening]

    package init(_ openings: [Opening]) {
        precondition(!openings.isEmpty, "a lineage holds its own opening")
        for (earlier, later) in zip(openings, openings.dropFirst()) {
            precondition(
                earlier.process.boot.next == later.process.boot && earlier.write < later.write,
                "openings follow each other"
            )
        }
        self.openings = openings
    }

    /// Below it nothing is evidence: what was there is pruned.
    package var floor: Boot { openings[0].process.boot }
    package var own: Opening { openings[openings.count - 1] }

    private func place(of boot: Boot) -> Int? {
        guard boot >= floor, boot <= own.process.boot else { return nil }
        return Int(boot.rawValue - floor.rawValue)
    }

    /// Whether this very process is one of the openings.
    package func holds(_ process: ProcessID) -> Bool {
        place(of: process.boot).map { openings[$0].process == process } ?? false
    }

    /// Why a claim that is true cannot be true of this directory, if it cannot: this is not where the peer
    /// has met it. Only contradiction counts, never what is merely missing (`R91`).
    ///
    /// - Parameter newest: The number of this process's newest receipt.
    package func contradicts(_ claim: Claim, newest: WriteNumber) -> RolledBack.Cause? {
        let boot = claim.process.boot
        guard boot <= own.process.boot else { return .laterBoot }
        guard let place = place(of: boot) else { return nil }
        guard openings[place].process.nonce == claim.process.nonce else { return .otherProcess }
        if place + 1 < openings.count {
            return claim.heard >= openings[place + 1].write ? .laterWrite : nil
        }
        return claim.heard > newest ? .laterWrite : nil
    }

    /// What shows that this process succeeds the one that a peer has met.
    package func proof(of process: ProcessID) -> Proof? {
        guard let place = place(of: process.boot), openings[place].process == process,
            place + 1 < openings.count
        else { return nil }
        return Proof(process: process, next: openings[place + 1].write)
    }

    /// Forgets what lies below a boot that every peer holds durably.
    package mutating func prune(below boot: Boot) {
        openings = Self.kept(of: openings, from: boot)
    }

    /// The openings from a boot on, its own in any case.
    package static func kept(of openings: [Opening], from boot: Boot) -> [Opening] {
        guard let own = openings.last else { return [] }
        let lowest = min(boot, own.process.boot)
        return openings.filter { $0.process.boot >= lowest }
    }

    /// The most openings that a directory keeps. Where nobody confirms any, as when a member is away for long
    /// or nobody can be reached, the oldest are forgotten beyond it: a peer that holds one of these
    /// counts this node no longer, and takes it for nothing worse.
    package static let mostOpenings = 4_096

    /// One more opening; `nil` if its number does not follow: the file was rewritten by something that knows
    /// nothing of the numbers, and its peers could not tell it from an old copy (`R92`).
    package static func extended(_ openings: [Opening], by own: Opening) -> [Opening]? {
        if let last = openings.last {
            guard last.process.boot.next == own.process.boot, last.write < own.write else {
                return nil
            }
        }
        return Array(openings.suffix(mostOpenings - 1)) + [own]
    }
}

/// A directory that is not where its peers have met it: an old copy of itself, or a machine restored with its
/// memory. Kept on disk; such a node is read and does nothing else, however often it is opened.
public struct RolledBack: Hashable, Sendable, CustomStringConvertible {
    /// What the directory's own history contradicts.
    @nonexhaustive
    public enum Cause: String, Hashable, Sendable, CaseIterable {
        /// A peer has met a later start of the directory than the one that runs.
        case laterBoot
        /// A peer has met another process at a start that this directory counts as its own.
        case otherProcess
        /// A peer has heard of writes that the directory does not hold.
        case laterWrite
        /// A peer has another entry in a slot that is committed in this directory. Which of the two is wrong, it
        /// does not tell: this process stops, and the directory may be started again.
        case otherEntry
    }

    /// The peer that was heard.
    public let witness: NodeID
    /// What it said.
    public let cause: Cause

    package init(witness: NodeID, cause: Cause) {
        self.witness = witness
        self.cause = cause
    }

    /// What is known, and what may have led to it.
    public var description: String {
        let found =
            switch cause {
            case .laterBoot: "has met a later start of this node"
            case .otherProcess: "has met another process of this node"
            case .laterWrite: "has heard of writes of this node that are not in its directory"
            case .otherEntry: "has another entry in a slot that is committed here"
            }
        if cause == .otherEntry {
            return "node \(witness.rawValue) \(found): the directory of one of the two is an old "
                + "copy, or of a member that it fetched from"
        }
        return
            "node \(witness.rawValue) \(found): the directory is an old copy, a restored backup or "
            + "snapshot, or runs on another machine as well"
    }
}

/// Known to a directory alone, and to its copies. By it a node knows what it has said itself.
package struct DirectorySecret: Hashable, Sendable {
    package let first: UInt64
    package let second: UInt64

    package init(first: UInt64, second: UInt64) {
        self.first = first
        self.second = second
    }

    /// What a process gives a peer together with the number of a write of it. The peer hands all of it back
    /// as a claim, which nobody can invent: whatever verifies was said by this directory or a
    /// copy of it, to that peer (`R91`).
    package func tag(_ claim: Claim, for peer: NodeID) -> UInt64 {
        number(
            1,
            peer.rawValue,
            claim.process.boot.rawValue,
            claim.process.nonce.rawValue,
            claim.heard.rawValue
        )
    }

    /// A number that nobody else can guess.
    package func number(_ purpose: UInt64, _ words: UInt64...) -> UInt64 {
        var hash = SipHash(key: (first, second))
        hash.absorb(purpose)
        for word in words { hash.absorb(word) }
        return hash.finish()
    }
}
