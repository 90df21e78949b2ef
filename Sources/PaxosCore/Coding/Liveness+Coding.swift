/// The bodies of the messages about leaders, all of a fixed length so that they never wait for room:
///
///     message          bytes  what
///     status request       8  id
///     status reply         8  id of the request
///                         16  ballot of the leader that is heard; zero if none is
///                         16  promised ballot
///                          8  committed slot
///                          8  who has committed less lacks more than a window of that (`R85`)
///                          1  1 if its store is full, else 0
///     heartbeat           16  ballot
///                          8  round
///                          8  committed slot
///                          1  1 if appends are refused for want of room, else 0
///     heartbeat reply     16  ballot of the heartbeat
///                          8  round of the heartbeat
///                         16  promised ballot
///                          8  committed slot
///                          1  1 if its store is full, else 0
///     farewell            16  ballot
///                          8  node that is to lead next; zero if none is named
extension StatusRequest: Body {
    static let kind = MessageKind.statusRequest
    var byteCount: Int { 8 }

    func append(to bytes: inout [UInt8]) { bytes.append(littleEndian: id) }

    init?(from reader: inout ByteReader) {
        guard let id = reader.uint64() else { return nil }
        self.init(id: id)
    }
}

extension StatusReply: Body {
    static let kind = MessageKind.statusReply
    var byteCount: Int { 8 + 2 * Width.ballot + 2 * Width.slot + 1 }

    func append(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: id)
        bytes.append(ballot: leader ?? .zero)
        bytes.append(ballot: promised)
        bytes.append(slot: committed)
        bytes.append(slot: recent)
        bytes.append(flag: isFull)
    }

    init?(from reader: inout ByteReader) {
        guard let id = reader.uint64(), let leader = reader.ballot(),
            let promised = reader.ballot(), let committed = reader.slot(),
            let recent = reader.slot(), let isFull = reader.flag()
        else { return nil }
        self.init(
            id: id,
            leader: leader == .zero ? nil : leader,
            promised: promised,
            committed: committed,
            recent: recent,
            isFull: isFull
        )
    }
}

extension Heartbeat: Body {
    static let kind = MessageKind.heartbeat
    var byteCount: Int { Width.ballot + 8 + Width.slot + 1 }

    func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(littleEndian: round)
        bytes.append(slot: committed)
        bytes.append(flag: isFull)
    }

    init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let round = reader.uint64(),
            let committed = reader.slot(), let isFull = reader.flag()
        else { return nil }
        self.init(ballot: ballot, round: round, committed: committed, isFull: isFull)
    }
}

extension HeartbeatReply: Body {
    static let kind = MessageKind.heartbeatReply
    var byteCount: Int { 2 * Width.ballot + 8 + Width.slot + 1 }

    func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(littleEndian: round)
        bytes.append(ballot: promised)
        bytes.append(slot: committed)
        bytes.append(flag: isFull)
    }

    init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let round = reader.uint64(),
            let promised = reader.ballot(), let committed = reader.slot(),
            let isFull = reader.flag()
        else { return nil }
        self.init(
            ballot: ballot,
            round: round,
            promised: promised,
            committed: committed,
            isFull: isFull
        )
    }
}

extension Farewell: Body {
    static let kind = MessageKind.farewell
    var byteCount: Int { Width.ballot + Width.node }

    func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(littleEndian: successor?.rawValue ?? 0)
    }

    init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let successor = reader.uint64() else { return nil }
        self.init(ballot: ballot, successor: NodeID(rawValue: successor))
    }
}
