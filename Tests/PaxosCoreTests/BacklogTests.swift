@testable import PaxosCore
import Testing

/// Appends in a queue, against a plain array.
@Suite struct BacklogTests {
    private static func append(_ number: Int, slots: Int = 1, bytes: Int = 1) -> AppendRequest {
        AppendRequest(
            waiter: WaiterID(index: UInt32(number), generation: 1),
            payloads: slots == 1
                ? .one(Array(repeating: 1, count: bytes))
                : .batch(Array(repeating: [1], count: slots)),
            bytes: bytes,
            deadline: .never
        )
    }

    private static func numbers(_ appends: some Sequence<AppendRequest>) -> [UInt32] {
        appends.map(\.waiter.index)
    }

    @Test func theFirstOnesThatFitAreTaken() {
        var backlog = Backlog()
        for number in 0..<4 { backlog.append(Self.append(number, bytes: 10)) }
        backlog.append(Self.append(4, slots: 3))
        backlog.append(Self.append(5))
        #expect(backlog.take(.none).isEmpty)
        #expect(Self.numbers(backlog.take(Appetite(slots: 9, bytes: 29))) == [0, 1])
        #expect(Self.numbers(backlog.take(Appetite(slots: 1, bytes: .max))) == [2])
        // Nobody passes the batch, though there would be room.
        #expect(Self.numbers(backlog.take(Appetite(slots: 3, bytes: 100))) == [3])
        #expect(backlog.first?.waiter.index == 4 && backlog.count == 2)
        #expect(backlog.take(Appetite(slots: 2, bytes: 100)).isEmpty)
        #expect(Self.numbers(backlog.take(Appetite(slots: 4, bytes: 100))) == [4, 5])
        #expect(backlog.isEmpty && backlog.waiting.isEmpty)
    }

    /// Not even one without bytes, where more bytes are in flight than there may be.
    @Test func nothingFitsBelowZero() {
        var backlog = Backlog()
        backlog.append(Self.append(0, bytes: 0))
        #expect(backlog.take(Appetite(slots: 1, bytes: -1)).isEmpty)
        #expect(backlog.take(Appetite(slots: 1, bytes: 0)).count == 1)
    }

    /// Thousands, a few at a time, with some that leave from the middle.
    @Test func theOrderIsKept() {
        var backlog = Backlog()
        var expected: [UInt32] = []
        var next = 0
        for round in 0..<3_000 {
            for _ in 0..<round % 5 {
                backlog.append(Self.append(next))
                expected.append(UInt32(next))
                next += 1
            }
            if round % 97 == 0 {
                backlog.removeAll { $0.waiter.index % 7 == 3 }
                expected.removeAll { $0 % 7 == 3 }
            }
            let count = min(round % 3, expected.count)
            #expect(
                Self.numbers(backlog.take(Appetite(slots: count, bytes: .max)))
                    == Array(expected.prefix(count))
            )
            expected.removeFirst(count)
            #expect(backlog.count == expected.count)
            #expect(backlog.first?.waiter.index == expected.first)
        }
        #expect(Self.numbers(backlog.waiting) == expected)
        #expect(Self.numbers(backlog.takeAll()) == expected)
    }

    /// Whoever takes one is the last to hold its payload: it is not freed with the whole queue.
    @Test func whatIsTakenIsLetGo() {
        var backlog = Backlog()
        for number in 0..<3 { backlog.append(Self.append(number)) }
        var taken = backlog.take(Appetite(slots: 1, bytes: .max))
        guard case .one(var payload)? = taken.popLast()?.payloads else { return }
        func address() -> Int {
            payload[0] &+= 1
            return payload.withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
        }
        let before = payload.withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
        #expect(address() == before)
        #expect(backlog.count == 2)
    }
}
