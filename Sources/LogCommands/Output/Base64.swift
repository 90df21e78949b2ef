#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Bytes in base 64 (RFC 4648, section 4), with padding.
package enum Base64 {
    /// Appends the bytes to a line.
    package static func append(_ bytes: [UInt8], to line: inout [UInt8]) {
        line.append(contentsOf: Data(bytes).base64EncodedData())
    }

    /// The bytes of a text with its padding; `nil` for anything else.
    package static func decode(_ text: String) -> [UInt8]? {
        Data(base64Encoded: text).map { [UInt8]($0) }
    }
}

/// Bytes in base 16.
package enum Base16 {
    package static let digits = Array("0123456789abcdef".utf8)
}
