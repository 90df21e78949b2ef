import LogWire
import Testing

@testable import PaxosCore
@testable import ReplicatedLog

@Suite struct StoreCodingTests {
    let cluster: ClusterID
    let coding: RowCoding
    let slot = Slot(rawValue: 77)
    let entries: [Entry]

    init() throws {
        cluster = try ClusterID("c")
        coding = RowCoding(cluster: cluster)
        let token = Token(node: 3, boot: Boot(9), sequence: 1 << 40)
        entries = [
            .command(Command(token: token, index: 2, count: 5, payload: [1, 2, 3])),
            .command(Command(token: token, payload: [])),
            .noop,
            .membership(try Membership([1, 2, 9])),
            .membership(try Membership([4, 5, 6], quorum: .sized(phase1: 3, phase2: 1))),
            .void(token),
            .command(Command(token: token, index: 1, count: 2, at: 76, payload: [1, 2, 3])),
            .command(Command(token: token, at: 77, payload: [])),
        ]
    }

    private func encoded(_ entry: Entry, isChosen: Bool = false) -> [UInt8] {
        var row = [UInt8](repeating: 0xAA, count: RowCoding.byteCount(of: entry))
        row.withUnsafeMutableBytes { bytes in
            coding.encode(
                entry,
                ballot: Ballot(round: 6, node: 2),
                isChosen: isChosen,
                slot: slot,
                into: bytes
            )
        }
        return row
    }

    private func decoded(_ row: [UInt8], slot: Slot? = nil) -> AcceptedEntry? {
        row.withUnsafeBytes { coding.decode($0, slot: slot ?? self.slot) }
    }

    @Test func everyKindOfRowComesBack() {
        for entry in entries {
            for isChosen in [false, true] {
                let expected = AcceptedEntry(
                    slot: slot,
                    ballot: Ballot(round: 6, node: 2),
                    entry: entry,
                    isChosen: isChosen
                )
                #expect(decoded(encoded(entry, isChosen: isChosen)) == expected)
            }
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// The bytes of format 10, as of 2 to 9. A change here is a change of the format.
    @Test func theBytesOfARowAreThese() {
        let row = Self.hex(encoded(entries[0], isChosen: true))
        let expected =
            "b197f6e2" + "01010000" + "0600000000000000" + "0200000000000000"
            + "0300000000000000" + "0900000000000000" + "0000000000010000"
            + "02000000" + "05000000" + "010203"
        #expect(row == expected)
    }

    /// A row that asks for a slot, since format 10: that stands before its payload.
    @Test func theBytesOfAConditionalRowAreThese() {
        let row = Self.hex(encoded(entries[6]))
        let expected =
            "05000000" + "0600000000000000" + "0200000000000000"
            + "0300000000000000" + "0900000000000000" + "0000000000010000"
            + "01000000" + "02000000" + "4c00000000000000" + "010203"
        #expect(row.dropFirst(8) == expected)
    }

    /// The bytes of format 10, as of 4 to 9.
    @Test func theBytesOfARowWithoutEffectAreThese() {
        let coding = IneffectiveCoding(cluster: cluster)
        let end = IneffectiveEnd(slot: 70, count: 3)
        let row = coding.encode(slot, after: end)
        #expect(
            Self.hex(row) == "4600000000000000" + "0400000000000000" + "d9504bda"
        )
        func decoded(_ row: [UInt8], of slot: Slot) -> IneffectiveEnd? {
            row.withUnsafeBytes { coding.end(before: $0, of: slot) }
        }
        #expect(decoded(row, of: slot) == end)
        #expect(decoded(row, of: slot.next) == nil)
        for bit in 0..<row.count * 8 {
            var flipped = row
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(decoded(flipped, of: slot) == nil)
        }
    }

    @Test func noFlippedBitIsBelieved() {
        for entry in entries {
            let row = encoded(entry)
            for bit in 0..<row.count * 8 {
                var flipped = row
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(decoded(flipped) == nil, "bit \(bit) of \(entry)")
            }
        }
    }

    @Test func noOtherLengthIsBelieved() {
        for entry in entries {
            let row = encoded(entry)
            for length in 0..<row.count { #expect(decoded(Array(row[..<length])) == nil) }
            #expect(decoded(row + [0]) == nil)
        }
    }

    @Test func aRowIsBoundToItsSlotAndCluster() throws {
        let row = encoded(.noop)
        #expect(decoded(row, slot: 78) == nil)
        let other = RowCoding(cluster: try ClusterID("d"))
        #expect(row.withUnsafeBytes { other.decode($0, slot: slot) } == nil)
    }

    @Test func anUnknownKindOrFlagIsNotBelievedThoughItsChecksumIsRight() {
        for (offset, value) in [(4, 0), (4, 5), (5, 2), (6, 1), (7, 1)] as [(Int, UInt8)] {
            var row = encoded(.noop)
            row[offset] = value
            let seed = Checksum.of(slot.rawValue, after: Checksum.of(Array(cluster.name.utf8)))
            let crc = Checksum.of(Array(row[4...]), after: seed)
            for byte in 0..<4 { row[byte] = UInt8(truncatingIfNeeded: crc >> UInt32(8 * byte)) }
            #expect(decoded(row) == nil, "\(offset) \(value)")
        }
    }

    @Test func valuesAreBoundToTheirNameAndCluster() throws {
        let values = StateCoding(cluster: cluster)
        let sealed = values.seal(5, .boot)
        #expect(values.number(sealed, .boot) == 5)
        #expect(values.number(sealed, .committed) == nil)
        #expect(StateCoding(cluster: try ClusterID("d")).number(sealed, .boot) == nil)
        for bit in 0..<sealed.count * 8 {
            var flipped = sealed
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(values.number(flipped, .boot) == nil)
        }
    }

    @Test func identitiesComeBackAndNoFlippedBitIsBelieved() throws {
        let identity = DirectoryIdentity(
            formatVersion: Schema.formatVersion,
            cluster: cluster,
            node: 2,
            incarnation: Incarnation(high: 1, low: .max),
            membership: try Membership([1, 2], quorum: .sized(phase1: 2, phase2: 1)),
            shape: Limits().shape,
            writeOffset: 1 << 40,
            secret: .init(first: 1, second: .max)
        )
        let bytes = identity.storedBytes
        #expect(DirectoryIdentity.read(bytes) == .identity(identity))
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            let reading = DirectoryIdentity.read(flipped)
            switch bit / 8 {
            case 0..<8: #expect(reading == .foreign)
            // The mark of a backup: the version is known, and the checksum is another's.
            case 8..<12 where bit == 12 * 8 - 1: #expect(reading == .corrupt)
            case 8..<12: if case .otherFormat = reading {} else { Issue.record("bit \(bit)") }
            default: #expect(reading == .corrupt)
            }
        }
        for length in 0..<bytes.count {
            let reading = DirectoryIdentity.read(Array(bytes[..<length]))
            #expect(reading == (length < 12 ? .foreign : .corrupt))
        }
    }
}
