internal import LogWire
internal import PaxosCore

/// The small values beside the rows, and the identity of a directory. The form without its first bit
/// chooses which.
enum States {
    private static let here = StateCoding(cluster: Rows.cluster("orders"))
    private static let elsewhere = StateCoding(cluster: Rows.cluster("ordert"))

    static func check(_ input: inout Input) throws(Violation) -> Bool {
        let names = StateName.allCases
        let choice = Int(input.form >> 1) % (names.count + 1)
        return choice == names.count
            ? try checkIdentity(&input) : try checkValue(names[choice], &input)
    }

    private static func checkValue(
        _ name: StateName,
        _ input: inout Input
    ) throws(Violation) -> Bool {
        var sealed = input.bytes
        if input.mends, sealed.count >= 4 { sealed = here.seal(Array(sealed[4...]), name) }
        let written = rewritten(sealed, name)
        guard let value = here.open(sealed, name) else {
            try require(written == nil, "\(name) is read of bytes that are not whole")
            return false
        }
        try require(here.seal(value, name) == sealed, "\(name) is sealed otherwise")
        try require(elsewhere.open(sealed, name) == nil, "\(name) is taken in another cluster")
        for other in StateName.allCases where other != name {
            try require(here.open(sealed, other) == nil, "\(name) is taken for \(other)")
        }
        let bit = input.below(8 * sealed.count)
        try require(
            here.open(sealed.flipping(bit: bit), name) == nil,
            "\(name) with bit \(bit) flipped is taken"
        )
        guard let written else { return false }
        try require(written == sealed, "\(name) is written as another than was read")
        return true
    }

    /// What was read, sealed again.
    private static func rewritten(_ sealed: [UInt8], _ name: StateName) -> [UInt8]? {
        switch name {
        case .promised:
            return here.ballot(sealed, name).map { here.seal($0, name) }
        case .lastRound, .boot, .committed, .trimmed, .left:
            return here.number(sealed, name).map { here.seal($0, name) }
        case .checkpoint:
            return here.open(sealed, name).flatMap { Checkpoint(decoding: $0) }
                .map { here.seal($0.encoded(), name) }
        case .base:
            return here.open(sealed, name).flatMap { Base(decoding: $0) }
                .map { here.seal($0.encoded(), name) }
        case .lineage:
            return here.open(sealed, name).flatMap { Opening.decode($0) }
                .map { here.seal(Opening.encoded($0), name) }
        case .latch:
            return here.open(sealed, name).flatMap { RolledBack.decode($0) }
                .map { here.seal(RolledBack.encoded($0.found), name) }
        case .cursors:
            return here.open(sealed, name).flatMap { CursorRecord.decode($0) }
                .map { here.seal(CursorRecord.encoded($0), name) }
        case .peers:
            return here.open(sealed, name).flatMap { PeerRecord.decode($0) }
                .map { here.seal(PeerRecord.encoded($0), name) }
        }
    }

    private static func checkIdentity(_ input: inout Input) throws(Violation) -> Bool {
        var bytes = input.bytes
        if input.mends, bytes.count >= 16 {
            bytes.put(bytes.checksum(16..<bytes.count, after: bytes.checksum(0..<12)), at: 12)
        }
        guard case .identity(let identity) = DirectoryIdentity.read(bytes) else { return false }
        try require(
            identity.storedBytes == bytes,
            "an identity is written as another than was read"
        )
        let bit = input.below(8 * bytes.count)
        if case .identity = DirectoryIdentity.read(bytes.flipping(bit: bit)) {
            throw Violation(description: "an identity with bit \(bit) flipped is taken")
        }
        return true
    }
}
