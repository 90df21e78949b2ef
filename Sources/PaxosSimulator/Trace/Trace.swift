import PaxosCore

/// Everything that happens, one event a line, and a digest of it. The lines are kept only if asked for;
/// the digest is the same either way.
package final class Trace {
    package private(set) var digest = Digest()
    package private(set) var lines: [String] = []
    private let form: Form
    /// Set while what happens is not told.
    var isMuted = false
    /// Kinds of message that are not told.
    private var hidden: [String] = []

    enum Form {
        /// The digest alone.
        case none
        /// A line an event, with its time.
        case timed
        /// As scenarios show it: what is exchanged, written and said, without the time.
        case exchange
    }

    init(_ form: Form) {
        self.form = form
    }

    private var isKept: Bool { form != .none && !isMuted }

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
        if isKept { line(moment, "\(node.label)", kind, text()) }
    }

    /// Notes what a node tells of itself.
    func note(_ fact: NodeFact, at moment: Moment, _ node: SimulatedNode) {
        let text = "\(fact)"
        note(.fact, at: moment, node, UInt64(text.utf8.count), 0, text)
        for byte in text.utf8 { digest.add(UInt64(byte)) }
    }

    func note(_ kind: Kind, at moment: Moment, _ text: String) {
        digest.add(moment.rawValue)
        digest.add(UInt64(kind.rawValue) << 32)
        for byte in text.utf8 { digest.add(UInt64(byte)) }
        if isKept { line(moment, "", kind, text) }
    }

    func note(
        _ kind: Kind,
        at moment: Moment,
        _ envelope: Envelope,
        from sender: SimulatedNode,
        to receiver: SimulatedNode,
        mark: String = ""
    ) {
        digest.add(moment.rawValue)
        digest.add(
            UInt64(kind.rawValue) << 32 | UInt64(sender.index) << 16 | UInt64(receiver.index)
        )
        digest.add(UInt64(envelope.message.kind.rawValue))
        envelope.message.tell(&digest)
        guard isKept else { return }
        guard hidden.isEmpty || !hidden.contains(envelope.message.firstWord) else { return }
        let arrow = kind == .released ? "=>" : "->"
        let who = "\(sender.label) \(arrow) \(receiver.label)"
        line(moment, who, kind, envelope.message.text + (mark.isEmpty ? "" : "  (\(mark))"))
    }

    /// Tells messages of this kind no more, or again.
    func hide(_ kind: String, _ isHidden: Bool) {
        hidden.removeAll { $0 == kind }
        if isHidden { hidden.append(kind) }
    }

    /// Takes the lines that have been kept since the last time.
    func takeLines() -> [String] {
        defer { lines = [] }
        return lines
    }

    private func line(_ moment: Moment, _ who: String, _ kind: Kind, _ text: String) {
        let line: String
        if form == .timed {
            let when = pad("\(moment)", 9, left: true)
            line = "\(when)  \(pad(who, 9)) \(pad(kind.name, 10)) \(text)"
        } else if kind.isSilent {
            return
        } else {
            line = pad(who, 10) + "  " + (kind.isNamed ? pad(kind.name, 9) + " " : "") + text
        }
        lines.append(String(line.reversed().drop { $0 == " " }.reversed()))
    }

    /// What may happen.
    enum Kind: Int {
        case opened = 1
        case crashed, closed, stepped, wrote, durable, sent, lost, arrived, delivered
        case called, replied, role, fault, healed, note, released, status, log, fact

        /// Not told in a scenario.
        var isSilent: Bool { self == .stepped || self == .arrived }
        /// Told with its name in a scenario.
        var isNamed: Bool { ![.sent, .released, .role, .note].contains(self) }

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
            case .replied: "answers"
            case .role: "role"
            case .fault: "fault"
            case .healed: "healed"
            case .note: "note"
            case .released: "released"
            case .status: "status"
            case .log: "log"
            case .fact: "fact"
            }
        }
    }
}

private func pad(_ text: String, _ width: Int, left: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return left ? space + text : text + space
}
