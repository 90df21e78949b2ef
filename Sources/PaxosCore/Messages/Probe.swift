/// Asks what became of what was sent before it, in the same lane (`R83`).
///
/// A link hands over what it carries in the order of sending, or loses it together with what follows. So once a probe is
/// answered, whatever went before it has arrived or never will, and what is missing may be sent
/// again; until then it may stand in a queue, however long that takes. Only probes are repeated by the clock:
/// they are a few dozen bytes. A message that is overtaken all the same is sent twice, and has effect once.
///
///     bytes  what
///         8  id
///         1  0 answers, 1 accepts, 2 forwards
///            of accepts:
///        16  ballot
///        16  slots, first and last
///            of forwards:
///        24  token of the first
///         4  count of sequences, at least 1
package struct Probe {
    package enum Subject: Hashable, Sendable {
        /// Whether an answer is still to come: what was asked for before may be asked for again.
        case answers
        /// What the recipient holds of these slots, proposed under the ballot.
        case accepts(Ballot, ClosedRange<Slot>)
        /// What the recipient knows of appends that were forwarded to it: the first of them, and how many of
        /// the sequences from there on.
        case forwards(Token, count: UInt32)
    }

    /// Ascends within the process that asks.
    package let id: UInt64
    package let subject: Subject

    package init(id: UInt64, subject: Subject) {
        self.id = id
        self.subject = subject
    }
}

extension Probe: MessageBody {
    package static let kind = MessageKind.probe
    package static let lane = Lane.log
    package var message: Message { .immediate(.probe(self)) }

    package var byteCount: Int {
        switch subject {
        case .answers: 9
        case .accepts: 9 + Width.ballot + Width.slots
        case .forwards: 9 + Width.token + 4
        }
    }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: id)
        switch subject {
        case .answers: bytes.append(0)
        case .accepts(let ballot, let slots):
            bytes.append(1)
            bytes.append(ballot: ballot)
            bytes.append(slots: slots)
        case .forwards(let first, let count):
            bytes.append(2)
            bytes.append(token: first)
            bytes.append(littleEndian: count)
        }
    }

    package init?(from reader: inout ByteReader) {
        guard let id = reader.uint64(), let code = reader.uint8() else { return nil }
        switch code {
        case 0: self.init(id: id, subject: .answers)
        case 1:
            guard let ballot = reader.ballot(), let slots = reader.slots() else { return nil }
            self.init(id: id, subject: .accepts(ballot, slots))
        case 2:
            guard let first = reader.token(), let count = reader.uint32(), count > 0,
                first.sequence <= UInt64.max - UInt64(count)
            else { return nil }
            self.init(id: id, subject: .forwards(first, count: count))
        default: return nil
        }
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        switch subject {
        case .answers: true
        case .forwards(let first, let count):
            first.node == sender && first.sequence > 0
                && first.sequence <= UInt64.max - UInt64(count)
        case .accepts(let ballot, let slots):
            ballot.isPossible(of: sender, above: seen) && slots.upperBound.isPossible
                && slots.lowerBound > .zero
        }
    }

    package func tell(_ facts: inout some MessageFacts) { facts.tell("id", id) }

    package func text(_ name: (Entry) -> String) -> String {
        switch subject {
        case .answers: "probe answers"
        case .accepts(let ballot, let slots):
            "probe accepts ballot=\(ballot) slots=\(slots.text)"
        case .forwards(let first, let count): "probe forwards from=\(first) count=\(count)"
        }
    }
}

/// A probe has arrived, and so has whatever will of what was sent before it.
///
///     bytes  what
///         8  id of the probe
///         1  0 answers, 1 accepts, 2 forwards
///            of accepts:
///        16  ballot
///         1  1 if something is missing, else 0
///        16  slots that are missing, first and last, if something is
///            of forwards:
///         4  count of ranges, 256 at most
///      16 n  first | last sequence that is missing, in ascending order and apart
package struct ProbeReply {
    package enum Subject: Hashable, Sendable {
        case answers
        /// The first of the slots that are not held under the ballot, up to one that is, if there is room for
        /// them.
        case accepts(Ballot, missing: ClosedRange<Slot>?)
        /// The sequences that are neither in the log nor on their way there, as far as one answer names them.
        case forwards(missing: [ClosedRange<UInt64>])
    }

    package let id: UInt64
    package let subject: Subject

    /// The most ranges that one answer names.
    package static let maximumRanges = 256

    package init(id: UInt64, subject: Subject) {
        self.id = id
        self.subject = subject
    }
}

extension ProbeReply: MessageBody {
    package static let kind = MessageKind.probeReply
    package static let lane = Lane.log
    package var message: Message { .immediate(.probeReply(self)) }

    package var byteCount: Int {
        switch subject {
        case .answers: 9
        case .accepts(_, let missing):
            9 + Width.ballot + 1 + (missing == nil ? 0 : Width.slots)
        case .forwards(let missing): 9 + 4 + 16 * missing.count
        }
    }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: id)
        switch subject {
        case .answers: bytes.append(0)
        case .accepts(let ballot, let missing):
            bytes.append(1)
            bytes.append(ballot: ballot)
            bytes.append(flag: missing != nil)
            if let missing { bytes.append(slots: missing) }
        case .forwards(let missing):
            bytes.append(2)
            bytes.append(littleEndian: UInt32(missing.count))
            for range in missing {
                bytes.append(littleEndian: range.lowerBound)
                bytes.append(littleEndian: range.upperBound)
            }
        }
    }

    package init?(from reader: inout ByteReader) {
        guard let id = reader.uint64(), let code = reader.uint8() else { return nil }
        switch code {
        case 0: self.init(id: id, subject: .answers)
        case 1:
            guard let ballot = reader.ballot(), let isMissing = reader.flag() else { return nil }
            var missing: ClosedRange<Slot>?
            if isMissing {
                guard let slots = reader.slots() else { return nil }
                missing = slots
            }
            self.init(id: id, subject: .accepts(ballot, missing: missing))
        case 2:
            guard let count = reader.count32(ofSize: 16, atMost: Self.maximumRanges) else {
                return nil
            }
            var ranges: [ClosedRange<UInt64>] = []
            for _ in 0..<count {
                guard let first = reader.uint64(), let last = reader.uint64(), first <= last
                else { return nil }
                ranges.append(first...last)
            }
            guard NumberRanges(sorted: ranges) != nil else { return nil }
            self.init(id: id, subject: .forwards(missing: ranges))
        default: return nil
        }
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        switch subject {
        case .answers, .forwards: true
        case .accepts(let ballot, let missing):
            ballot.isInReach(of: seen) && missing?.upperBound.isPossible ?? true
                && missing.map { $0.lowerBound > .zero } ?? true
        }
    }

    package func tell(_ facts: inout some MessageFacts) { facts.tell("id", id) }

    package func text(_ name: (Entry) -> String) -> String {
        switch subject {
        case .answers: "probe-reply answers"
        case .accepts(let ballot, let missing):
            "probe-reply accepts ballot=\(ballot) missing=\(missing?.text ?? "none")"
        case .forwards(let missing): "probe-reply forwards missing=\(missing)"
        }
    }
}
