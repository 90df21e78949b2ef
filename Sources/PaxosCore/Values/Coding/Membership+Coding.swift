/// The bytes of a membership, in messages and in stored rows, all numbers 64-bit little-endian:
///
///     rule | phase 1 | phase 2 | members | { node }
///
/// Rule 0 is a majority, with both sizes zero; rule 1 is sized. The members ascend, so that equal
/// memberships have equal bytes. What `Membership.init` refuses is refused here.
extension Membership {
    package var byteCount: Int { 32 + Width.node * members.count }

    package func append(to bytes: inout [UInt8]) {
        let (rule, phase1, phase2): (UInt64, Int, Int) =
            switch quorum {
            case .majority: (0, 0, 0)
            case .sized(let phase1, let phase2): (1, phase1, phase2)
            }
        bytes.append(littleEndian: rule)
        bytes.append(littleEndian: UInt64(phase1))
        bytes.append(littleEndian: UInt64(phase2))
        bytes.append(littleEndian: UInt64(members.count))
        for member in members { bytes.append(node: member) }
    }

    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        append(to: &bytes)
        return bytes
    }

    package init?(from reader: inout ByteReader) {
        guard let rule = reader.uint64(), let phase1 = reader.uint64(),
            let phase2 = reader.uint64(), let count = reader.count(ofSize: Width.node),
            count <= Membership.maximumMembers
        else { return nil }
        let quorum: QuorumRule
        switch (rule, phase1, phase2) {
        case (0, 0, 0): quorum = .majority
        case (1, 1...64, 1...64): quorum = .sized(phase1: Int(phase1), phase2: Int(phase2))
        default: return nil
        }
        var members: [NodeID] = []
        for _ in 0..<count {
            guard let member = reader.node() else { return nil }
            members.append(member)
        }
        guard let membership = try? Membership(members, quorum: quorum),
            membership.members == members
        else { return nil }
        self = membership
    }

    package init?(decoding bytes: [UInt8]) {
        var reader = bytes.span
        self.init(from: &reader)
        guard reader.remaining == 0 else { return nil }
    }
}
