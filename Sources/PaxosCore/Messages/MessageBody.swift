/// One message, whole: what it says, which kind and lane it is of, what makes it impossible, its bytes, and how
/// it is shown. `Message` and what stands below it only dispatch.
///
/// A body says how long it is before it is written, is written in one pass, and is read whole or not at all.
/// Those of a fixed length have no length of their own in the bytes; the others carry counts.
package protocol MessageBody: Hashable, Sendable {
    static var kind: MessageKind { get }
    /// The lane in which it travels.
    static var lane: Lane { get }
    /// The case that holds it.
    var message: Message { get }

    var byteCount: Int { get }
    func append(to bytes: inout [UInt8])
    init?(from reader: inout ByteReader)

    /// False for what no correct node sends: it moves no state (`R80`).
    ///
    /// - Parameter seen: The highest ballot that the receiver has seen anywhere.
    func isPossible(from sender: NodeID, above seen: Ballot) -> Bool
    /// Tells what can be compared with other messages.
    func tell(_ facts: inout some MessageFacts)
    /// For people, as scenarios and traces show it.
    ///
    /// - Parameter name: What to call an entry.
    func text(_ name: (Entry) -> String) -> String
}

extension MessageBody {
    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool { true }
    package func tell(_ facts: inout some MessageFacts) {}
}

/// Hears what a message says, one fact after the other, without a copy of anything: a trace makes text of
/// it, a digest a number.
package protocol MessageFacts {
    /// The ballot under which all of it is said.
    mutating func tell(_ ballot: Ballot)
    /// What it is about.
    mutating func tell(_ slots: ClosedRange<Slot>)
    mutating func tell(_ run: EntryRun)
    mutating func tell(_ rows: [AcceptedEntry])
    mutating func tell(_ name: String, _ value: UInt64)
    mutating func tell(_ name: String, _ value: Ballot)
    mutating func tell(_ name: String, _ value: Token)
    mutating func tell(_ name: String, _ value: String)
}

extension MessageFacts {
    package mutating func tell(_ name: String, _ value: Slot) { tell(name, value.rawValue) }
}

/// Two kinds of messages that must not wait for each other (`R61`).
public enum Lane: Hashable, Sendable, CaseIterable {
    /// Small, rare and urgent: who leads and who lives. A few hundred bytes each, some dozens a second. What
    /// an election takes is of it, but for the pages of phase 1, which are as large as the log they
    /// report.
    case liveness
    /// Everything that grows with what is appended.
    case log
}

extension Ballot {
    /// How far a round may lie above the highest that was seen.
    private static let reach: UInt64 = 1 << 32

    func isPossible(of sender: NodeID, above seen: Ballot) -> Bool {
        node == sender && isInReach(of: seen)
    }

    func isInReach(of seen: Ballot) -> Bool {
        round <= seen.round + Self.reach
    }
}

extension Slot {
    var isPossible: Bool { self < .limit }
}

extension ClosedRange<Slot> {
    /// One slot, or the first and the last.
    package var text: String {
        lowerBound == upperBound ? "\(lowerBound)" : "\(lowerBound)...\(upperBound)"
    }
}

extension EntryRun {
    package func text(_ name: (Entry) -> String) -> String {
        "\(slots.text) [\(entries.map(name).joined(separator: " "))]"
    }
}

extension AcceptedEntry {
    package func text(_ name: (Entry) -> String) -> String {
        "\(slot):\(ballot)\(isChosen ? "!" : "") \(name(entry))"
    }

    static func text(_ rows: [AcceptedEntry], _ name: (Entry) -> String) -> String {
        "[" + rows.map { $0.text(name) }.joined(separator: " ") + "]"
    }
}
