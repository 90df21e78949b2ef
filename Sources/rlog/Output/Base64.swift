/// Bytes in base 64 (RFC 4648, section 4), for payloads in JSON.
enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )

    static func encode(_ bytes: [UInt8]) -> String {
        let length = (bytes.count + 2) / 3 * 4
        return String(unsafeUninitializedCapacity: length) { text in
            var position = 0
            for start in stride(from: 0, to: bytes.count, by: 3) {
                let end = min(start + 3, bytes.count)
                var group: UInt32 = 0
                for index in start..<start + 3 {
                    group = group << 8 | (index < end ? UInt32(bytes[index]) : 0)
                }
                for place in 0..<4 {
                    let isPadding = place > end - start
                    let digit = Int(group >> (18 - 6 * UInt32(place)) & 63)
                    text[position] = isPadding ? UInt8(ascii: "=") : alphabet[digit]
                    position += 1
                }
            }
            return length
        }
    }
}
