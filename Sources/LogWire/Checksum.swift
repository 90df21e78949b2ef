internal import CCRC32C

/// CRC-32C over pieces: each function continues from the checksum of what came before.
package enum Checksum {
    package static func of(_ bytes: UnsafeRawBufferPointer, after crc: UInt32 = 0) -> UInt32 {
        crc32c_update(crc, bytes.baseAddress, bytes.count)
    }

    package static func of(_ bytes: Span<UInt8>, after crc: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { of($0, after: crc) }
    }

    package static func of(_ bytes: [UInt8], after crc: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { of($0, after: crc) }
    }

    package static func of(_ number: UInt64, after crc: UInt32) -> UInt32 {
        withUnsafeBytes(of: number.littleEndian) { of($0, after: crc) }
    }
}
