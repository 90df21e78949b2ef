/// Bytes in base 64 (RFC 4648, section 4), for payloads in JSON.
enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )

    static func encode(_ bytes: [UInt8]) -> String {
        let length = (bytes.count + 2) / 3 * 4
        let padding = UInt8(ascii: "=")
        return String(unsafeUninitializedCapacity: length) { text in
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
            return length
        }
    }
}
