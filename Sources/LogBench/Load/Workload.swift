import LogCommands
import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The payloads of a point: all different, and each says whose it is.
///
///     0  client in the upper 20 bits, sequence in the lower 44, u64 little-endian
///     8  if it is stamped: when it was to be sent, u64 little-endian, nanoseconds of the monotonic clock
///        the same random bytes in every payload
///
/// So a payload read back is known, or known to be damaged, without a list of what was sent.
struct Workload: Sendable {
    static let smallestPayload = 8
    static let smallestStamped = 16
    private static let sequenceBits: UInt64 = 44

    private let template: [UInt8]
    private let isStamped: Bool

    init(valueBytes: Int, isStamped: Bool) {
        self.isStamped = isStamped
        var template = [UInt8](repeating: 0, count: valueBytes)
        for position in 8..<max(8, valueBytes) {
            template[position] = UInt8(truncatingIfNeeded: SystemRandom.uint64())
        }
        self.template = template
    }

    /// - Parameter begin: When it is, or was, to be sent.
    func payload(client: Int, sequence: UInt64, begin: MonotonicInstant) -> [UInt8] {
        var payload = template
        let name = UInt64(client) << Self.sequenceBits | sequence
        payload.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: name.littleEndian, as: UInt64.self)
            if isStamped {
                bytes.storeBytes(
                    of: begin.nanoseconds.littleEndian,
                    toByteOffset: Self.smallestPayload,
                    as: UInt64.self
                )
            }
        }
        return payload
    }

    /// When a stamped payload was to be sent.
    func begin(of payload: [UInt8]) -> MonotonicInstant? {
        guard isStamped, payload.count == template.count else { return nil }
        return payload.withUnsafeBytes { bytes in
            let stamp = bytes.loadUnaligned(fromByteOffset: Self.smallestPayload, as: UInt64.self)
            return MonotonicInstant(nanoseconds: UInt64(littleEndian: stamp))
        }
    }

    /// Whose payload it is, or nil if nobody sent it so.
    func author(of payload: [UInt8]) -> (client: Int, sequence: UInt64)? {
        guard payload.count == template.count else { return nil }
        let same = isStamped ? Self.smallestStamped : Self.smallestPayload
        return payload.withUnsafeBytes { bytes in
            template.withUnsafeBytes { expected in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[same...])
                let known = UnsafeRawBufferPointer(rebasing: expected[same...])
                if let start = rest.baseAddress, let knownStart = known.baseAddress {
                    guard memcmp(start, knownStart, rest.count) == 0 else { return nil }
                }
                let name = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
                let sequence = name & (1 << Self.sequenceBits - 1)
                return (Int(name >> Self.sequenceBits), sequence)
            }
        }
    }
}
