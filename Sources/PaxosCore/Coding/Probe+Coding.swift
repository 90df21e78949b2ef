/// The bodies of probes:
///
///     message        bytes  what
///     probe              8  id
///                        1  0 answers, 1 accepts, 2 forwards
///     … of accepts      16  ballot
///                       16  slots, first and last
///     … of forwards     24  token of the first
///                        4  count of sequences, at least 1
///     probe reply        8  id of the probe
///                        1  0 answers, 1 accepts, 2 forwards
///     … of accepts      16  ballot
///                        1  1 if something is missing, else 0
///                       16  slots that are missing, first and last, if something is
///     … of forwards      4  count of ranges, 256 at most
///                     16 n  first | last sequence that is missing, in ascending order and apart
extension Probe: Body {
    static let kind = MessageKind.probe

    var byteCount: Int {
        switch subject {
        case .answers: 9
        case .accepts: 9 + Width.ballot + Width.slots
        case .forwards: 9 + Width.token + 4
        }
    }

    func append(to bytes: inout [UInt8]) {
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

    init?(from reader: inout ByteReader) {
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
}

extension ProbeReply: Body {
    static let kind = MessageKind.probeReply

    var byteCount: Int {
        switch subject {
        case .answers: 9
        case .accepts(_, let missing):
            9 + Width.ballot + 1 + (missing == nil ? 0 : Width.slots)
        case .forwards(let missing): 9 + 4 + 16 * missing.count
        }
    }

    func append(to bytes: inout [UInt8]) {
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

    init?(from reader: inout ByteReader) {
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
}
