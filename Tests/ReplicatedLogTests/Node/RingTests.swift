import Testing

@testable import ReplicatedLog

/// What goes round in an array leaves in the order in which it came, and is not held when it has left.
@Suite struct RingTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func itDoesWhatAnArrayDoes(seed: UInt64) {
        var random = seed &* 0x9E37_79B9_7F4A_7C15
        func below(_ bound: UInt64) -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1
            return (random >> 33) % bound
        }
        var ring: Ring<Int> = [1, 2, 3]
        var array = [1, 2, 3]
        for number in 4..<2_000 {
            // Grows for a while, then shrinks.
            switch below(20) {
            case 0:
                let odd = Int(below(5))
                ring.removeAll { $0 % 5 == odd }
                array.removeAll { $0 % 5 == odd }
            case 1...(number % 400 < 200 ? 12 : 7):
                ring.append(number)
                array.append(number)
            default:
                #expect(ring.popFirst() == (array.isEmpty ? nil : array.removeFirst()))
            }
            #expect(ring.count == array.count && ring.first == array.first)
        }
        #expect(Array(ring) == array)
        #expect(Array(ring[(ring.count / 2)...]) == Array(array[(array.count / 2)...]))
    }

    @Test func whatHasLeftIsNotHeld() {
        final class Payload {}
        var ring: Ring<Payload> = []
        weak var first: Payload?
        do {
            let payload = Payload()
            first = payload
            ring.append(payload)
            ring.append(Payload())
        }
        #expect(first != nil)
        _ = ring.popFirst()
        #expect(first == nil && ring.count == 1)
    }

    @Test func aCopyIsOfItsOwn() {
        var ring: Ring<Int> = [1, 2]
        let copy = ring
        _ = ring.popFirst()
        ring.append(3)
        #expect(Array(copy) == [1, 2] && Array(ring) == [2, 3])
    }
}
