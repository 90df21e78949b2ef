@testable import PaxosCore
import Testing

@Suite struct PrefixDigestTests {
    private static func command(
        _ payload: [UInt8],
        sequence: UInt64 = 1,
        index: UInt32 = 0,
        of count: UInt32 = 2
    ) -> Entry {
        let token = Token(node: 2, boot: Boot(3), sequence: sequence)
        return .command(Command(token: token, index: index, count: count, payload: payload))
    }

    private static func digest(_ entries: [Entry]) -> PrefixDigest {
        entries.reduce(.empty) { $0.appending($1) }
    }

    @Test func everyEntryHasItsOwn() throws {
        let token = Token(node: 2, boot: Boot(3), sequence: 1)
        var entries: [Entry] = [
            .noop, .void(token), .void(Token(node: 3, boot: Boot(2), sequence: 1)),
            .membership(try Membership([1, 2])), .membership(try Membership([1, 3])),
            Self.command([], index: 1), Self.command([], of: 3), Self.command([], sequence: 2),
        ]
        for count in 0...200 { entries.append(Self.command(Array(repeating: 0, count: count))) }
        let digests = Set(entries.map { Self.digest([$0]) })
        #expect(digests.count == entries.count)
    }

    /// Of a short payload every byte counts, of a long one sixty-four.
    @Test func payloadsAreTold() {
        for count in [1, 7, 8, 9, 63, 64, 65, 1_000] {
            let payload = Array(repeating: UInt8(9), count: count)
            let digest = Self.digest([Self.command(payload)])
            var told = 0
            for place in payload.indices {
                var other = payload
                other[place] ^= 0x10
                if Self.digest([Self.command(other)]) != digest { told += 1 }
            }
            #expect(told == min(count, 64))
        }
    }

    /// Wherever two prefixes differ, they do so in all that follow.
    @Test func aDifferenceStays() {
        let entries = (UInt64(1)...300).map { Self.command([1], sequence: $0) }
        let digest = Self.digest(entries)
        for place in entries.indices {
            var others = entries
            others[place] = .noop
            #expect(Self.digest(others) != digest)
        }
        #expect(Self.digest(entries.reversed()) != digest)
        #expect(Self.digest(Array(entries.dropLast())) != digest)
    }
}
