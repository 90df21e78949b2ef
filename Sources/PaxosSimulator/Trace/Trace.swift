import PaxosCore

/// Everything that happens, one event a line, and a digest of it. The lines are kept only if asked for;
/// the digest is the same either way.
package final class Trace {
    package private(set) var digest = Digest()
    package private(set) var lines: [String] = []
    let isKept: Bool

    package init(isKept: Bool) {
        self.isKept = isKept
    }

    /// Notes that something happened to a node, with numbers that tell it from others of its kind.
    func note(
        _ kind: Kind,
        at moment: Moment,
        _ node: SimulatedNode,
        _ first: UInt64 = 0,
        _ second: UInt64 = 0,
        _ text: @autoclosure () -> String = ""
    ) {
        digest.add(moment.rawValue)
        digest.add(UInt64(kind.rawValue) << 32 | UInt64(node.index))
        digest.add(first)
        digest.add(second)
        if isKept { line(moment, "\(node.label)", kind.name, text()) }
    }

    func note(_ kind: Kind, at moment: Moment, _ text: String) {
        digest.add(moment.rawValue)
        digest.add(UInt64(kind.rawValue) << 32)
        for byte in text.utf8 { digest.add(UInt64(byte)) }
        if isKept { line(moment, "", kind.name, text) }
    }

    func note(
        _ kind: Kind,
        at moment: Moment,
        _ envelope: Envelope,
        from sender: SimulatedNode,
        to receiver: SimulatedNode
    ) {
        let facts = envelope.message.facts
        digest.add(moment.rawValue)
        digest.add(
            UInt64(kind.rawValue) << 32 | UInt64(sender.index) << 16 | UInt64(receiver.index)
        )
        digest.add(facts.code << 48 ^ facts.ballot.round << 8 ^ facts.ballot.node.rawValue)
        digest.add(facts.first)
        digest.add(facts.last)
        guard isKept else { return }
        let arrow = "\(sender.label) -> \(receiver.label)"
        line(moment, arrow, kind.name, envelope.message.text)
    }

    private func line(_ moment: Moment, _ who: String, _ what: String, _ text: String) {
        lines.append("\(pad("\(moment)", 9, left: true))  \(pad(who, 9)) \(pad(what, 10)) \(text)")
    }

    /// What may happen.
    enum Kind: Int {
        case opened = 1
        case crashed, closed, stepped, wrote, durable, sent, lost, arrived, delivered
        case called, replied, role, fault, healed, note

        var name: String {
            switch self {
            case .opened: "opened"
            case .crashed: "crashed"
            case .closed: "closed"
            case .stepped: "stepped"
            case .wrote: "write"
            case .durable: "durable"
            case .sent: "sent"
            case .lost: "lost"
            case .arrived: "arrived"
            case .delivered: "delivered"
            case .called: "called"
            case .replied: "replied"
            case .role: "role"
            case .fault: "fault"
            case .healed: "healed"
            case .note: "note"
            }
        }
    }
}

private func pad(_ text: String, _ width: Int, left: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return left ? space + text : text + space
}
