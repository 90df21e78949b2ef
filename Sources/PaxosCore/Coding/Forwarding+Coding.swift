/// The bodies of what a follower asks of the leader:
///
///     message          bytes  what
///     forward             24  token
///                          1  how many nodes have passed it on
///                          1  0 a single append, 1 a batch, which may be of one payload too
///                          4  count of payloads, 1 to 65,536; 1 for a single append
///                          …  payloads
///     forward refused     24  token
///     barrier request      8  id
///     barrier reply        8  id of the request
///                          8  slot
///
/// The count is limited beside the bytes at hand as that of a run is (Entry+Coding.swift).
extension Forward: Body {
    static let kind = MessageKind.forward

    var byteCount: Int {
        let head = Width.token + 2 + 4
        return switch payloads {
        case .one(let payload): head + Width.payload + payload.count
        case .batch(let batch): batch.reduce(head) { $0 + Width.payload + $1.count }
        }
    }

    func append(to bytes: inout [UInt8]) {
        bytes.append(token: token)
        bytes.append(hops)
        switch payloads {
        case .one(let payload):
            bytes.append(flag: false)
            bytes.append(littleEndian: UInt32(1))
            bytes.append(payload: payload)
        case .batch(let batch):
            bytes.append(flag: true)
            bytes.append(littleEndian: UInt32(batch.count))
            for payload in batch { bytes.append(payload: payload) }
        }
    }

    init?(from reader: inout ByteReader) {
        guard let token = reader.token(), let hops = reader.uint8(), let isBatch = reader.flag(),
            let count = reader.count32(ofSize: Width.payload, atMost: EntryRun.maximumEntries),
            isBatch ? count > 0 : count == 1
        else { return nil }
        guard isBatch else {
            guard let payload = reader.payload() else { return nil }
            self.init(token: token, payloads: .one(payload), hops: hops)
            return
        }
        var batch: [[UInt8]] = []
        batch.reserveCapacity(count)
        for _ in 0..<count {
            guard let payload = reader.payload() else { return nil }
            batch.append(payload)
        }
        self.init(token: token, payloads: .batch(batch), hops: hops)
    }
}

extension ForwardRefused: Body {
    static let kind = MessageKind.forwardRefused
    var byteCount: Int { Width.token }

    func append(to bytes: inout [UInt8]) { bytes.append(token: token) }

    init?(from reader: inout ByteReader) {
        guard let token = reader.token() else { return nil }
        self.init(token: token)
    }
}

extension RemoteBarrierRequest: Body {
    static let kind = MessageKind.barrierRequest
    var byteCount: Int { 8 }

    func append(to bytes: inout [UInt8]) { bytes.append(littleEndian: id) }

    init?(from reader: inout ByteReader) {
        guard let id = reader.uint64() else { return nil }
        self.init(id: id)
    }
}

extension RemoteBarrierReply: Body {
    static let kind = MessageKind.barrierReply
    var byteCount: Int { 8 + Width.slot }

    func append(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: id)
        bytes.append(slot: slot)
    }

    init?(from reader: inout ByteReader) {
        guard let id = reader.uint64(), let slot = reader.slot() else { return nil }
        self.init(id: id, slot: slot)
    }
}
