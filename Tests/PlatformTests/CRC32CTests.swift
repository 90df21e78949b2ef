import CCRC32C
import Testing

private func checksum(_ bytes: [UInt8], after crc: UInt32 = 0) -> UInt32 {
    crc32c_update(crc, bytes, bytes.count)
}

private func softwareChecksum(_ bytes: [UInt8], after crc: UInt32 = 0) -> UInt32 {
    crc32c_update_software(crc, bytes, bytes.count)
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

    @Test func knownAnswers() {
        for (bytes, answer) in Self.known {
            #expect(checksum(bytes) == answer)
            #expect(softwareChecksum(bytes) == answer)
        }
    }

    @Test func hardwareAgreesWithSoftwareAtEveryLengthAndAlignment() {
        let bytes = (0..<400).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ ($0 >> 3)) }
        bytes.withUnsafeBytes { buffer in
            for start in 0..<16 {
                for count in 0...300 {
                    let part = buffer.baseAddress.map { $0 + start }
                    let seed = UInt32(truncatingIfNeeded: start &* 0x9E37_79B9)
                    #expect(
                        crc32c_update(seed, part, count)
                            == crc32c_update_software(seed, part, count)
                    )
                }
            }
        }
    }

    @Test func aChecksumOfPartsIsTheChecksumOfTheWhole() {
        let bytes = (0..<100).map { UInt8($0) }
        for cut in 0...bytes.count {
            let (head, tail) = (Array(bytes[..<cut]), Array(bytes[cut...]))
            #expect(checksum(tail, after: checksum(head)) == checksum(bytes))
            #expect(softwareChecksum(tail, after: checksum(head)) == checksum(bytes))
        }
    }

    @Test func everyFlippedBitIsSeen() {
        var bytes = (0..<64).map { UInt8($0) }
        let right = checksum(bytes)
        for bit in 0..<bytes.count * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect(checksum(bytes) != right)
            bytes[bit / 8] ^= 1 << (bit % 8)
        }
    }

    #if arch(x86_64) && os(Linux)
    @Test func theInstructionIsFoundWhereTheKernelReportsIt() throws {
        let flags = try readText("/proc/cpuinfo").split(separator: "\n")
            .first { $0.hasPrefix("flags") }
        let reported = flags?.split(separator: " ").contains("sse4_2")
        #expect(crc32c_is_hardware() == reported)
    }
    #endif
}
