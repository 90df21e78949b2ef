/// The limits that shape messages and rows: what one member makes, every other must be able to take.
///
/// Kept in the data directory from its making on, and the same on all members (`R82`).
package struct Shape: Hashable, Sendable {
    package let maxPayloadBytes: Int
    package let batchEntries: Int
    package let batchBytes: Int
    package let pipelineSlots: Int
    package let pipelineBytes: Int
    package let pageBytes: Int

    package init(
        maxPayloadBytes: Int,
        batchEntries: Int,
        batchBytes: Int,
        pipelineSlots: Int,
        pipelineBytes: Int,
        pageBytes: Int
    ) {
        self.maxPayloadBytes = maxPayloadBytes
        self.batchEntries = batchEntries
        self.batchBytes = batchBytes
        self.pipelineSlots = pipelineSlots
        self.pipelineBytes = pipelineBytes
        self.pageBytes = pageBytes
    }

    /// Every limit by the name that it has for people.
    package var fields: [(name: String, value: Int)] {
        [
            ("maxPayloadBytes", maxPayloadBytes), ("maxBatchEntries", batchEntries),
            ("maxBatchBytes", batchBytes), ("pipelineSlots", pipelineSlots),
            ("pipelineBytes", pipelineBytes), ("pageBytes", pageBytes),
        ]
    }
}

extension Limits {
    /// Those of the limits that all members must agree on.
    package var shape: Shape {
        Shape(
            maxPayloadBytes: maxPayloadBytes,
            batchEntries: maxBatchEntries,
            batchBytes: maxBatchBytes,
            pipelineSlots: pipelineSlots,
            pipelineBytes: pipelineBytes,
            pageBytes: pageBytes
        )
    }

    /// Takes over what all members have agreed on.
    package mutating func adopt(_ shape: Shape) {
        maxPayloadBytes = shape.maxPayloadBytes
        pipelineSlots = shape.pipelineSlots
        pipelineBytes = shape.pipelineBytes
        pageBytes = shape.pageBytes
        inboxBytes = max(inboxBytes, shape.maxPayloadBytes)
    }
}

/// What the members of a cluster have agreed on before the first of them promises anything, as a `Hello`
/// says it: the founding roster with its quorum rule, and the limits that shape messages and rows.
///
/// Two members that were given different lists would each find a quorum the other knows nothing of, so
/// nothing that a process says counts before its terms were compared with the own ones, field by field,
/// whatever transport brought them (`R82`).
package struct Terms: Hashable, Sendable {
    /// Of the founding roster and its rule.
    package let founding: UInt64
    /// Counts what changed what the terms themselves mean. The same on all members.
    package let era: UInt64
    /// The slot of the newest membership that the sender knows committed; zero is the founding one.
    package let newest: Slot
    package let membership: Membership
    package let shape: Shape

    package init(
        founding: UInt64,
        era: UInt64,
        newest: Slot,
        membership: Membership,
        shape: Shape
    ) {
        self.founding = founding
        self.era = era
        self.newest = newest
        self.membership = membership
        self.shape = shape
    }

    /// The terms of a cluster whose membership has never changed.
    package init(founding membership: Membership, shape: Shape) {
        self.init(
            founding: membership.digest,
            era: 0,
            newest: .zero,
            membership: membership,
            shape: shape
        )
    }

    /// What another member's terms say otherwise. Empty if the two may count each other.
    package func differences(from other: Terms) -> [AgreementDifference] {
        var found: [AgreementDifference] = []
        func compare(_ field: String, _ here: String, _ there: String) {
            guard here != there else { return }
            found.append(AgreementDifference(field: field, here: here, there: there))
        }
        if founding != other.founding {
            compare("members", membership.list, other.membership.list)
            compare("quorum", membership.rule, other.membership.rule)
            // The lists have gone on since; that they began differently is enough.
            if found.isEmpty {
                compare("founding", String(founding, radix: 16), String(other.founding, radix: 16))
            }
        }
        compare("era", "\(era)", "\(other.era)")
        for (here, there) in zip(shape.fields, other.shape.fields) {
            compare(here.name, "\(here.value)", "\(there.value)")
        }
        return found
    }
}

/// One thing that two members of a cluster were told differently.
public struct AgreementDifference: Hashable, Sendable, CustomStringConvertible {
    /// `members`, `quorum`, `founding` or `era`, or the name of a property of `Limits`.
    public let field: String
    /// What this node was made with.
    public let here: String
    /// What the other one says.
    public let there: String

    /// The difference, for people.
    public var description: String { "\(field) is \(here) here and \(there) there" }
}

/// A node that was made with other terms than this one.
public struct Disagreement: Hashable, Sendable, CustomStringConvertible {
    /// The node that was made with other terms.
    public let node: NodeID
    /// What differs, never empty.
    public let differences: [AgreementDifference]

    /// What differs, for people.
    public var description: String {
        "node \(node.rawValue): " + differences.map(\.description).joined(separator: "; ")
    }
}

extension Membership {
    /// Equal for equal memberships: members, and what is a quorum of them.
    package var digest: UInt64 {
        var hash = SipHash(key: (0x7377_6c6f_672d_3131, 0x666f_756e_6465_7273))
        let bytes = encoded()
        var reader = bytes.span
        while let word = reader.uint64() { hash.absorb(word) }
        return hash.finish()
    }

    fileprivate var list: String { members.map { "\($0.rawValue)" }.joined(separator: ",") }

    fileprivate var rule: String {
        switch quorum {
        case .majority: "majority"
        case .sized(let phase1, let phase2): "\(phase1)+\(phase2)"
        }
    }
}
