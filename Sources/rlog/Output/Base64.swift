/// Bytes in base 64 (RFC 4648, section 4), for payloads in JSON.
enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )

    static func append(_ bytes: [UInt8], to line: inout [UInt8]) {
        let padding = UInt8(ascii: "=")
        let length = (bytes.count + 2) / 3 * 4
        line.append(addingCapacity: length) { text in
            alphabet.withUnsafeBufferPointer { alphabet in
                bytes.withUnsafeBufferPointer { bytes in
                    var position = 0
                    var start = 0
                    while start < bytes.count {
                        let left = bytes.count - start
                        var group = UInt32(bytes[start]) << 16
                        if left > 1 { group |= UInt32(bytes[start + 1]) << 8 }
                        if left > 2 { group |= UInt32(bytes[start + 2]) }
                        text[position] = alphabet[Int(group >> 18)]
                        text[position + 1] = alphabet[Int(group >> 12 & 63)]
                        text[position + 2] = left > 1 ? alphabet[Int(group >> 6 & 63)] : padding
                        text[position + 3] = left > 2 ? alphabet[Int(group & 63)] : padding
                        position += 4
                        start += 3
                    }
                }
            }
        }
    }
}

/// Bytes in base 16.
enum Base16 {
    static let digits = Array("0123456789abcdef".utf8)
}

extension [UInt8] {
    /// Makes room for so many bytes more, and has them written.
    fileprivate mutating func append(
        addingCapacity count: Int,
        _ write: (UnsafeMutableBufferPointer<UInt8>) -> Void
    ) {
        let start = self.count
        append(contentsOf: repeatElement(0, count: count))
        withUnsafeMutableBufferPointer { write(UnsafeMutableBufferPointer(rebasing: $0[start...])) }
    }
}
