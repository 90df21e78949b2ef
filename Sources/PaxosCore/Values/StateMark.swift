/// What the host's machine was behind a slot, as its digest tells; compared among members at slots at which their hosts
/// wrote snapshots (`R67`).
package struct StateMark: Hashable, Sendable {
    package let slot: Slot
    /// How the machine wrote itself down: digests of different forms say nothing of each other.
    package let form: UInt64
    package let digest: UInt64

    package init(slot: Slot, form: UInt64, digest: UInt64) {
        self.slot = slot
        self.form = form
        self.digest = digest
    }
}

/// State machines of members that had applied the same commands, and are not the same.
public struct Divergence: Hashable, Sendable {
    /// Who is wrong.
    public enum Verdict: String, Hashable, Sendable {
        /// A majority of the members is alike, and this node is not among them.
        case here
        /// A majority is alike, this node among them.
        case elsewhere
        /// No majority is alike: nothing tells which of them is right.
        case open
    }

    /// They were compared behind this slot.
    public let slot: Slot
    /// The members whose state is this node's, itself among them.
    public let alike: [NodeID]
    /// The members whose state is another.
    public let differing: [NodeID]
    /// Who is wrong, as far as it was heard.
    public let verdict: Verdict

    package init(slot: Slot, alike: [NodeID], differing: [NodeID], verdict: Verdict) {
        self.slot = slot
        self.alike = alike
        self.differing = differing
        self.verdict = verdict
    }
}

extension Divergence: CustomStringConvertible {
    /// Who differs from whom, and where; one line.
    public var description: String {
        func text(_ nodes: [NodeID]) -> String {
            nodes.map { "\($0.rawValue)" }.joined(separator: ", ")
        }
        let first = "behind slot \(slot) members \(text(alike)) and \(text(differing)) differ"
        return switch verdict {
        case .here: first + ", and a majority is alike without this node"
        case .elsewhere: first + ", and a majority is alike with this node"
        case .open: first + ", and no majority is alike"
        }
    }
}
