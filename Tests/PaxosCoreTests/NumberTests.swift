import Foundation
import Testing

@testable import PaxosCore

/// What an application does with slots and ids: it counts with them, and keeps them beside its state.
@Suite struct NumberTests {
    @Test func slotsCount() {
        let slot = Slot(rawValue: 7)
        #expect(slot.advanced(by: 3) == 10 && slot.advanced(by: 0) == slot)
        #expect(slot.count(after: 2) == 5 && slot.count(after: 9) == 0)
    }

    @Test func numbersAndIdsAreKept() throws {
        struct Place: Codable, Equatable {
            var cluster: ClusterID
            var node: NodeID
            var slot: Slot
            var boot: Boot
            var token: Token
        }
        let place = Place(
            cluster: try ClusterID("orders"),
            node: 2,
            slot: 9,
            boot: Boot(3),
            token: Token(node: 2, boot: Boot(3), sequence: .max)
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let data = try encoder.encode(place)
        #expect(
            String(decoding: data, as: UTF8.self)
                == #"{"boot":3,"cluster":"orders","node":2,"slot":9,"#
                + #""token":{"boot":3,"node":2,"sequence":18446744073709551615}}"#
        )
        #expect(try JSONDecoder().decode(Place.self, from: data) == place)
    }

    /// As text, and as keys whose order can be told: the same bytes of the same state on every member.
    @Test func slotsAreKeys() throws {
        #expect(Slot("18") == 18)
        for text in ["", "-1", "1 ", "n1", "18446744073709551616"] { #expect(Slot(text) == nil) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let held: [Slot: String] = [12: "b", 3: "a", 7: "c"]
        let data = try encoder.encode(held)
        #expect(String(decoding: data, as: UTF8.self) == #"{"12":"b","3":"a","7":"c"}"#)
        #expect(try JSONDecoder().decode([Slot: String].self, from: data) == held)
        #expect(throws: DecodingError.self) {
            _ = try JSONDecoder().decode([Slot: String].self, from: Data(#"{"x":"b"}"#.utf8))
        }
    }

    @Test func whatIsNoIdIsRefused() {
        #expect(throws: DecodingError.self) {
            _ = try JSONDecoder().decode(NodeID.self, from: Data("0".utf8))
        }
        #expect(throws: DecodingError.self) {
            _ = try JSONDecoder().decode(ClusterID.self, from: Data(#""a b""#.utf8))
        }
    }
}
