import PaxosCore

/// What fills links, told from others of its kind: rows and payloads on their way from one process to
/// another.
struct Cargo: Hashable {
    enum Kind: Hashable {
        case accept(Ballot)
        case page(Ballot)
        case catchUp
        case forward(Token)
        case snapshot(SnapshotName)
    }

    let kind: Kind
    let slots: ClosedRange<Slot>
    /// Which process of the sender, which of the receiver, what the sender had promised and whom it
    /// heard lead: appends go again when that changes.
    let context: [UInt64]

    init?(_ message: Message, context: [UInt64] = []) {
        switch message {
        case .immediate(.accept(let accept)):
            kind = .accept(accept.ballot)
            slots = accept.run.slots
        case .immediate(.page(let page)) where !page.rows.isEmpty:
            kind = .page(page.ballot)
            slots = page.from...page.through
        case .immediate(.catchUp(let answer)) where !answer.rows.isEmpty:
            kind = .catchUp
            slots = answer.from...answer.from.advanced(by: answer.rows.count - 1)
        case .immediate(.forward(let forward)):
            kind = .forward(forward.token)
            slots = 1...1
        case .immediate(.snapshotPiece(let piece)) where !piece.bytes.isEmpty:
            kind = .snapshot(piece.name)
            // Counted from 1 as slots are.
            let first = Slot(rawValue: piece.offset + 1)
            slots = first...first.advanced(by: piece.bytes.count - 1)
        default: return nil
        }
        self.context = context
    }

    func overlaps(_ other: Cargo) -> Bool {
        kind == other.kind && context == other.context && slots.overlaps(other.slots)
    }
}
