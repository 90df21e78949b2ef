import CCRC32C
import Testing

/// Every way that this processor has.
private let ways = (CRC32C_TABLES.rawValue...crc32c_best_way().rawValue).map {
    crc32c_way(rawValue: $0)
}

private func checksum(_ bytes: [UInt8], after crc: UInt32 = 0, by way: crc32c_way) -> UInt32 {
    crc32c_update_by(way, crc, bytes, bytes.count)
}

/// One bit after the other, as the polynomial is defined.
private func appendBits(of byte: UInt8, to crc: UInt32) -> UInt32 {
    var crc = ~crc ^ UInt32(byte)
    for _ in 0..<8 { crc = (crc >> 1) ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
    return ~crc
}

private func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ ($0 >> 3)) }
}

@Suite struct CRC32CTests {
    /// The check value of the polynomial, and the vectors of RFC 3720, B.4.
    static let known: [([UInt8], UInt32)] = [
        ([], 0),
        (Array("123456789".utf8), 0xE306_9283),
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        (Array(0..<32), 0x46DD_794E),
        ((0..<32).reversed(), 0x113F_DB5C),
        (
            [0x01, 0xC0, 0, 0, 0, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 0] + [0x14, 0, 0, 0]
                + [0, 0, 4, 0] + [0, 0, 0, 0x14] + [0, 0, 0, 0x18, 0x28, 0, 0, 0]
                + [0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0], 0xD996_3A56
        ),
    ]

    @Test(arguments: ways)
    func knownAnswers(_ way: crc32c_way) {
        for (bytes, answer) in Self.known {
            #expect(checksum(bytes, by: way) == answer)
            #expect(crc32c_update(0, bytes, bytes.count) == answer)
        }
    }

    /// From nothing past the longest block of three streams (3,072 bytes) and into the next one.
    @Test(arguments: ways)
    func everyLengthIsWhatItsBitsSay(_ way: crc32c_way) {
        let bytes = bytes(4_200)
        var expected: UInt32 = 0
        var wrong: [Int] = []
        for count in 0...bytes.count {
            if count > 0 { expected = appendBits(of: bytes[count - 1], to: expected) }
            if crc32c_update_by(way, 0, bytes, count) != expected { wrong.append(count) }
        }
        #expect(wrong.isEmpty)
    }

    /// The bytes begin at every place within a line of the cache, and after every checksum of a few.
    @Test(arguments: ways)
    func everyAlignmentIsWhatItsBitsSay(_ way: crc32c_way) {
        let bytes = bytes(4_200)
        var wrong: [String] = []
        bytes.withUnsafeBytes { buffer in
            for start in 0..<64 {
                let seed = UInt32(truncatingIfNeeded: start &* 0x9E37_79B9)
                let part = buffer.baseAddress.map { $0 + start }
                var expected = seed
                for count in 0...(buffer.count - start) {
                    if count > 0 {
                        expected = appendBits(of: buffer[start + count - 1], to: expected)
                    }
                    // Every length once for each of eight starts, and the short ones for every start.
                    guard count < 320 || (count + start) % 8 == 0 else { continue }
                    if crc32c_update_by(way, seed, part, count) != expected {
                        wrong.append("\(start) \(count)")
                    }
                }
            }
        }
        #expect(wrong.isEmpty)
    }

    @Test(arguments: ways)
    func aChecksumOfPartsIsTheChecksumOfTheWhole(_ way: crc32c_way) {
        let bytes = bytes(4_200)
        let whole = bytes.reduce(0) { appendBits(of: $1, to: $0) }
        var wrong: [Int] = []
        bytes.withUnsafeBytes { buffer in
            for cut in 0...buffer.count {
                let head = crc32c_update_by(way, 0, buffer.baseAddress, cut)
                let tail = buffer.baseAddress.map { $0 + cut }
                if crc32c_update_by(way, head, tail, buffer.count - cut) != whole {
                    wrong.append(cut)
                }
            }
        }
        #expect(wrong.isEmpty)
    }

    @Test(arguments: ways)
    func everyFlippedBitIsSeen(_ way: crc32c_way) {
        var bytes = bytes(300)
        let right = checksum(bytes, by: way)
        for bit in 0..<bytes.count * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect(checksum(bytes, by: way) != right)
            bytes[bit / 8] ^= 1 << (bit % 8)
        }
    }

    #if arch(x86_64) && os(Linux)
    @Test func theInstructionsAreFoundWhereTheKernelReportsThem() throws {
        let flags = try readText("/proc/cpuinfo").split(separator: "\n")
            .first { $0.hasPrefix("flags") }
        let reported = Set(flags?.split(separator: " ") ?? [])
        let best =
            reported.contains("sse4_2")
            ? reported.contains("pclmulqdq") ? CRC32C_THREE_STREAMS : CRC32C_ONE_STREAM
            : CRC32C_TABLES
        #expect(crc32c_best_way() == best)
    }
    #endif
}
