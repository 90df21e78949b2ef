/// The bytes of what a directory knows of itself, all numbers 64-bit little-endian:
///
///     lineage   count | { boot | nonce | write number }
///     latch     nothing, or: witness | cause (1 later boot, 2 other process, 3 later write)
///
/// Read back only behind a checksum, and refused whole if anything is out of order.
extension Opening {
    package static let byteCount = 24

    package static func encoded(_ openings: [Opening]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + byteCount * openings.count)
        bytes.append(littleEndian: UInt64(openings.count))
        for opening in openings {
            bytes.append(littleEndian: opening.process.boot.rawValue)
            bytes.append(littleEndian: opening.process.nonce.rawValue)
            bytes.append(littleEndian: opening.write.rawValue)
        }
        return bytes
    }

    package static func decode(_ bytes: [UInt8]) -> [Opening]? {
        var reader = bytes.span
        guard let count = reader.count(ofSize: byteCount) else { return nil }
        var openings: [Opening] = []
        for _ in 0..<count {
            guard let boot = reader.uint64(), let nonce = reader.uint64(),
                let write = reader.uint64(), boot > 0
            else { return nil }
            if let last = openings.last {
                guard boot == last.process.boot.rawValue &+ 1, write > last.write.rawValue else {
                    return nil
                }
            }
            openings.append(
                Opening(
                    process: ProcessID(boot: Boot(boot), nonce: Nonce(nonce)),
                    write: WriteNumber(write)
                )
            )
        }
        return reader.remaining == 0 ? openings : nil
    }
}

extension RolledBack {
    package static func encoded(_ found: RolledBack?) -> [UInt8] {
        guard let found else { return [] }
        let cause: UInt64 =
            switch found.cause {
            case .laterBoot: 1
            case .otherProcess: 2
            case .laterWrite: 3
            case .otherEntry: 4
            }
        var bytes: [UInt8] = []
        bytes.append(node: found.witness)
        bytes.append(littleEndian: cause)
        return bytes
    }

    /// What the bytes say, which may be that nothing was found; `nil` if they say nothing.
    package static func decode(_ bytes: [UInt8]) -> (found: RolledBack?, Void)? {
        if bytes.isEmpty { return (nil, ()) }
        var reader = bytes.span
        guard let witness = reader.node(), let number = reader.uint64(), reader.remaining == 0
        else { return nil }
        let cause: Cause
        switch number {
        case 1: cause = .laterBoot
        case 2: cause = .otherProcess
        case 3: cause = .laterWrite
        case 4: cause = .otherEntry
        default: return nil
        }
        return (RolledBack(witness: witness, cause: cause), ())
    }
}
