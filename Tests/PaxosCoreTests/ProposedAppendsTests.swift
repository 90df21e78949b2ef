import Testing

@testable import PaxosCore

/// The appends on their way, by themselves.
@Suite struct ProposedAppendsTests {
    private static func request(_ payload: [UInt8], _ index: UInt32) -> AppendRequest {
        AppendRequest(
            waiter: WaiterID(index: index, generation: 0),
            payloads: .one(payload),
            bytes: payload.count,
            deadline: .never
        )
    }

    /// Where the payload lies after it was written to: elsewhere, if somebody else holds it still.
    private static func address(_ payload: inout [UInt8]) -> Int {
        payload[0] &+= 1
        return payload.withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
    }

    /// Those that give up behind one that waits for ever take no room for ever.
    @Test func whoGivesUpBehindAnotherLeavesNoPlace() {
        var proposed = ProposedAppends()
        proposed.add(Self.request([9], 0), sequence: 1)
        for sequence in 2...20_000 as ClosedRange<UInt64> {
            proposed.add(Self.request([1], 1), sequence: sequence)
            #expect(proposed.take(sequence) != nil)
        }
        #expect(proposed.places <= 2_048)
        #expect(proposed.all.map(\.sequence) == [1])
        proposed.add(Self.request([1], 2), sequence: 20_001)
        #expect(proposed.take(20_001)?.index == 2 && proposed.take(1)?.index == 0)
        #expect(proposed.isEmpty && proposed.places == 0)
    }

    /// Story: what was answered kept its payload until everything before it was answered too, and a
    /// thousand places at the least; all of them were then freed at once.
    @Test func anAnsweredAppendLetsGoOfItsPayload() {
        var proposed = ProposedAppends()
        var payload: [UInt8] = [1, 2, 3]
        let first = Self.address(&payload)
        proposed.add(Self.request([9], 0), sequence: 1)
        proposed.add(Self.request(payload, 1), sequence: 2)
        #expect(proposed.all.map(\.payloads) == [.one([9]), .one(payload)])
        #expect(proposed.take(2)?.index == 1)
        #expect(proposed.all.map(\.sequence) == [1])
        #expect(Self.address(&payload) == first)
        #expect(proposed.take(2) == nil)
        #expect(proposed.take(1)?.index == 0)
        #expect(proposed.isEmpty)
    }
}
