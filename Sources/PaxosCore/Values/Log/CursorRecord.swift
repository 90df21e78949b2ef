/// The name of a cursor: 1 to 64 characters of `a-z A-Z 0-9 - _ .`.
public struct CursorName: Hashable, Sendable {
    /// The name as given.
    public let name: String

    /// Makes a name.
    ///
    /// - Throws: `InvalidCursorName` if it is empty, longer than 64 bytes or holds another character.
    public init(_ name: String) throws(InvalidCursorName) {
        let bytes = name.utf8
        guard (1...64).contains(bytes.count), bytes.allSatisfy(Self.isAllowed) else {
            throw InvalidCursorName(name: name)
        }
        self.name = name
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."):
            true
        default:
            false
        }
    }
}

extension CursorName: Comparable {
    /// Orders names by their bytes.
    public static func < (left: CursorName, right: CursorName) -> Bool {
        left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
}

extension CursorName: CustomStringConvertible {
    /// The text for people.
    public var description: String { name }
}

/// A name that no cursor can have.
public struct InvalidCursorName: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name that was refused.
    public let name: String

    /// The text for people.
    public var description: String {
        "cursor name \"\(name)\" must be 1 to 64 characters of a-z A-Z 0-9 - _ ."
    }
}

/// How far a consumer has come: it has confirmed every slot up to `slot`.
package struct CursorRecord: Hashable, Sendable {
    package let name: CursorName
    package var slot: Slot

    package init(name: CursorName, slot: Slot) {
        self.name = name
        self.slot = slot
    }
}

/// A consumer has come so far with the cursor that it was handed.
package struct CursorMove: Hashable, Sendable {
    package var record: CursorRecord
    /// Which cursor of that name: one that was removed and made again is another.
    package let cursor: UInt64

    package init(record: CursorRecord, cursor: UInt64) {
        self.record = record
        self.cursor = cursor
    }
}

/// The bytes of a node's cursors, in the order of their names; read back only behind a checksum, and refused whole if
/// anything is out of order:
///
///     count u64 | { slot u64 | length of the name u8 | name }
extension CursorRecord {
    package static func encoded(_ records: [CursorRecord]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: UInt64(records.count))
        for record in records {
            bytes.append(littleEndian: record.slot.rawValue)
            bytes.append(UInt8(record.name.name.utf8.count))
            bytes.append(contentsOf: record.name.name.utf8)
        }
        return bytes
    }

    package static func decode(_ bytes: [UInt8]) -> [CursorRecord]? {
        var reader = bytes.span
        guard let count = reader.count(ofSize: 10) else { return nil }
        var records: [CursorRecord] = []
        for _ in 0..<count {
            guard let slot = reader.uint64(), slot < Slot.limit.rawValue,
                let length = reader.uint8(), let text = reader.text(of: Int(length)),
                let name = try? CursorName(text), records.last.map({ $0.name < name }) ?? true
            else { return nil }
            records.append(CursorRecord(name: name, slot: Slot(rawValue: slot)))
        }
        return reader.remaining == 0 ? records : nil
    }
}

extension ByteReader {
    fileprivate mutating func text(of count: Int) -> String? {
        guard remaining >= count else { return nil }
        var bytes: [UInt8] = []
        for _ in 0..<count {
            guard let byte = uint8() else { return nil }
            bytes.append(byte)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
