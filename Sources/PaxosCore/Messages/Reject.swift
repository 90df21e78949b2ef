/// The acceptor took nothing, or not everything, and why (`R25`).
///
///     bytes  what
///        16  refused ballot
///        16  promised ballot
///         8  committed slot
///         1  1 promised a higher ballot, 2 full, 3 committed, 4 trimmed
package struct Reject {
    package enum Reason: String, Hashable, Sendable {
        /// It has promised a higher ballot.
        case promised
        /// Its disk or map is full.
        case full
        /// The slots up to `committed` are chosen; a committed row is never overwritten. The rest of the
        /// run was taken.
        case committed
        /// The slots that a candidate asked to be shown were chosen and are trimmed here: they are not empty
        /// (`R15`).
        case trimmed
    }

    /// The ballot that was refused.
    package let ballot: Ballot
    package let promised: Ballot
    package let committed: Slot
    package let reason: Reason

    package init(ballot: Ballot, promised: Ballot, committed: Slot, reason: Reason) {
        self.ballot = ballot
        self.promised = promised
        self.committed = committed
        self.reason = reason
    }
}

extension Reject: MessageBody {
    package static let kind = MessageKind.reject
    package static let lane = Lane.log
    package var message: Message { .immediate(.reject(self)) }

    package var byteCount: Int { 2 * Width.ballot + Width.slot + 1 }

    package func append(to bytes: inout [UInt8]) {
        let number: UInt8 =
            switch reason {
            case .promised: 1
            case .full: 2
            case .committed: 3
            case .trimmed: 4
            }
        bytes.append(ballot: ballot)
        bytes.append(ballot: promised)
        bytes.append(slot: committed)
        bytes.append(number)
    }

    package init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let promised = reader.ballot(),
            let committed = reader.slot()
        else { return nil }
        let reason: Reason
        switch reader.uint8() {
        case 1: reason = .promised
        case 2: reason = .full
        case 3: reason = .committed
        case 4: reason = .trimmed
        default: return nil
        }
        self.init(ballot: ballot, promised: promised, committed: committed, reason: reason)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        promised.isInReach(of: seen) && committed.isPossible
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell(ballot)
        facts.tell("promised", promised)
        facts.tell("committed_slot", committed)
        facts.tell("reason", reason.rawValue)
    }

    package func text(_ name: (Entry) -> String) -> String {
        "reject ballot=\(ballot) promised=\(promised) committed=\(committed) \(reason)"
    }
}
