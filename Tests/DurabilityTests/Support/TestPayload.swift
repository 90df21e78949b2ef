import Glibc

/// A payload that tells which append it belongs to, so that what is read back can be told from what
/// was never written, was written twice, or was torn.
///
///     0 id u32 | 4 first id of its batch u32 | 8 payloads in the batch u32 | filler made of the id
struct TestPayload: Hashable, Sendable {
    static let headerBytes = 12

    let id: UInt32
    /// The id of the batch's first payload; its own if it was appended alone.
    let batch: UInt32
    let batchCount: UInt32
    let fillerBytes: Int

    init(id: UInt32, batch: UInt32? = nil, batchCount: UInt32 = 1, fillerBytes: Int? = nil) {
        self.id = id
        self.batch = batch ?? id
        self.batchCount = batchCount
        self.fillerBytes = fillerBytes ?? Int(id % 7) * 40
    }

    /// Reads what `bytes` wrote; nil if these are not such bytes.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.headerBytes else { return nil }
        func number(_ offset: Int) -> UInt32 {
            bytes[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        self.init(
            id: number(0),
            batch: number(4),
            batchCount: number(8),
            fillerBytes: bytes.count - Self.headerBytes
        )
        guard Self.isEqual(bytes, self.bytes) else { return nil }
    }

    /// By memory and not by elements: tests are not optimised.
    private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && memcmp(left, right, left.count) == 0
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerBytes + fillerBytes)
        for number in [id, batch, batchCount] {
            for shift in [0, 8, 16, 24] as [UInt32] {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        let seed = UInt8(truncatingIfNeeded: id &* 31 &+ 7)
        bytes.append(contentsOf: [UInt8](repeating: seed, count: fillerBytes))
        return bytes
    }
}
