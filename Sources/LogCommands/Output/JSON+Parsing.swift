#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension JSON {
    /// Reads one value (RFC 8259), which the text holds from the first character to the last; `nil` if it
    /// holds anything else. Numbers are read as `integer`, `unsigned` or `number`, whichever is exact; the members of
    /// an object come in the order of their keys. Total: no text traps, and nesting is bounded.
    package init?(parsing text: some Sequence<UInt8>) {
        let bytes = Data(text)
        guard String(validating: bytes, as: UTF8.self) != nil,
            let value = try? JSONDecoder().decode(JSON.self, from: bytes)
        else { return nil }
        self = value
    }

    /// The member of an object.
    package subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.0 == key }?.1
    }

    package var asString: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// A whole number that is not negative.
    package var asUnsigned: UInt64? {
        switch self {
        case .integer(let value): UInt64(exactly: value)
        case .unsigned(let value): value
        default: nil
        }
    }

    package var asArray: [JSON]? {
        if case .array(let values) = self { values } else { nil }
    }
}

extension JSON: Decodable {
    // What most values are comes first: each wrong guess costs an error that somebody makes and throws away.
    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let text = try? value.decode(String.self) {
            self = .string(text)
        } else if let number = try? value.decode(Int.self) {
            self = .integer(number)
        } else if let members = try? decoder.container(keyedBy: MemberKey.self) {
            self = .object(
                try members.allKeys.sorted { $0.stringValue < $1.stringValue }.map { key in
                    (key.stringValue, try members.decode(JSON.self, forKey: key))
                }
            )
        } else if let values = try? decoder.unkeyedContainer() {
            self = .array(try Self.elements(of: values))
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(UInt64.self) {
            self = .unsigned(number)
        } else {
            self = .number(try value.decode(Double.self))
        }
    }

    private static func elements(of values: any UnkeyedDecodingContainer) throws -> [JSON] {
        var values = values
        var elements: [JSON] = []
        while !values.isAtEnd { elements.append(try values.decode(JSON.self)) }
        return elements
    }

    private struct MemberKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }

        init?(intValue: Int) { nil }
    }
}
