/// The bodies of the messages about leaders, all of a fixed length so that they never wait for room:
///
///     message          bytes  what
///     status request       8  id
///     status reply         8  id of the request
///                         16  ballot of the leader that is heard; zero if none is
///                         16  promised ballot
///                          8  committed slot
///     heartbeat           16  ballot
///                          8  round
///                          8  committed slot
///     heartbeat reply     16  ballot of the heartbeat
///                          8  round of the heartbeat
///                         16  promised ballot
///                          8  committed slot
///     farewell            16  ballot
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
    var byteCount: Int { 8 + 2 * Width.ballot + Width.slot }

    func append(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: id)
        bytes.append(ballot: leader ?? .zero)
        bytes.append(ballot: promised)
        bytes.append(slot: committed)
    }

    init?(from reader: inout ByteReader) {
        guard let id = reader.uint64(), let leader = reader.ballot(),
            let promised = reader.ballot(), let committed = reader.slot()
        else { return nil }
        self.init(
            id: id,
            leader: leader == .zero ? nil : leader,
            promised: promised,
            committed: committed
        )
    }
}

extension Heartbeat: Body {
    static let kind = MessageKind.heartbeat
    var byteCount: Int { Width.ballot + 8 + Width.slot }

    func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(littleEndian: round)
        bytes.append(slot: committed)
    }

    init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let round = reader.uint64(),
            let committed = reader.slot()
        else { return nil }
        self.init(ballot: ballot, round: round, committed: committed)
    }
}

extension HeartbeatReply: Body {
    static let kind = MessageKind.heartbeatReply
    var byteCount: Int { 2 * Width.ballot + 8 + Width.slot }

    func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(littleEndian: round)
        bytes.append(ballot: promised)
        bytes.append(slot: committed)
    }

    init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let round = reader.uint64(),
            let promised = reader.ballot(), let committed = reader.slot()
        else { return nil }
        self.init(ballot: ballot, round: round, promised: promised, committed: committed)
    }
}

extension Farewell: Body {
    static let kind = MessageKind.farewell
    var byteCount: Int { Width.ballot }

    func append(to bytes: inout [UInt8]) { bytes.append(ballot: ballot) }

    init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot() else { return nil }
        self.init(ballot: ballot)
    }
}
