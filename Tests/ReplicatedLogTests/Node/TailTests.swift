import TestSupport
import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// The window of subscribers at the tail, by itself.
@Suite(.shared) struct TailTests {
    private static func tail(_ change: (inout Limits) -> Void) -> Tail {
        var limits = Limits()
        change(&limits)
        let membership: Membership
        let cluster: ClusterID
        do {
            membership = try Membership([1])
            cluster = try ClusterID("tail")
        } catch {
            preconditionFailure("\(error)")
        }
        let state = RecoveredState(
            cluster: cluster,
            node: 1,
            incarnation: Incarnation(high: 1, low: 1),
            membership: membership,
            boot: Boot(1)
        )
        return Tail(recovered: state, limits: limits)
    }

    private static func delivered(_ slot: UInt64, bytes: Int) -> Delivered {
        let token = Token(node: 1, boot: Boot(1), sequence: slot)
        let payload = [UInt8](repeating: 1, count: bytes)
        return Delivered(
            slot: Slot(rawValue: slot),
            command: Command(token: token, payload: payload)
        )
    }

    private static func deliver(_ slots: ClosedRange<UInt64>, bytes: Int, to tail: Tail) {
        tail.deliver(
            slots.map {
                Self.delivered($0, bytes: bytes)
            },
            through: Slot(rawValue: slots.upperBound),
            ineffective: [],
            checkpointed: nil
        )
    }

    /// Story: an empty payload counted for nothing, so the window kept every one of them for ever.
    @Test func emptyPayloadsLeaveTheWindowToo() {
        let tail = Self.tail { $0.tailBytes = 96 * 10 }
        let reader = tail.makeReader()
        defer { withExtendedLifetime(reader) {} }
        Self.deliver(1...1_000, bytes: 0, to: tail)
        guard case .cold(let through, _) = reader.pull(from: 1) else {
            Issue.record("the first slot is still in the window")
            return
        }
        #expect(through == 990)
        guard case .entries(let entries, let end) = reader.pull(from: 991) else {
            Issue.record("the window is empty")
            return
        }
        #expect(entries.count == 10)
        #expect(end == 1_000)
    }

    /// Story: a subscriber held on to as much as the whole window.
    @Test func aPieceIsBoundedInBytes() {
        let tail = Self.tail { $0.pageBytes = 4 * 396 }
        let reader = tail.makeReader()
        defer { withExtendedLifetime(reader) {} }
        Self.deliver(1...100, bytes: 300, to: tail)
        var next = Slot.first
        var sizes: [Int] = []
        while case .entries(let entries, let through) = reader.pull(from: next) {
            #expect(entries.first?.slot == next)
            #expect(entries.last?.slot == through)
            sizes.append(entries.count)
            next = through.next
        }
        #expect(next == 101)
        #expect(sizes == [Int](repeating: 4, count: 25))
    }

    /// Story: each subscription that nobody read held a page, however many there were.
    @Test func whatStandsStillHoldsAWindowInAll() {
        let tail = Self.tail { limits in
            limits.tailBytes = 1 << 20
            limits.pageBytes = 1 << 18
        }
        let readers = (0..<1_000).map { _ in tail.makeReader() }
        // The window is full, and what came before it is cold.
        Self.deliver(1...4_096, bytes: 1_024 - 96, to: tail)
        var pieces: [[Delivered]] = []
        for (place, reader) in readers.enumerated() {
            switch reader.pull(from: place.isMultiple(of: 2) ? 4_000 : 1) {
            case .entries(let entries, _):
                #expect(entries.first?.slot == 4_000)
                pieces.append(entries)
            case .cold(_, let bytes): #expect(bytes >= Tail.leastBytes)
            default: Issue.record("reader \(place) finds nothing")
            }
        }
        #expect(tail.held <= 1 << 20 + 1_000 * Tail.leastBytes)
        // Who comes early gets much, and everybody something.
        #expect(pieces.first?.count == 97)
        #expect(pieces.last?.count == 16)
        for reader in readers { reader.handedOn() }
        #expect(tail.held == 0)
        _ = readers[0].pull(from: 1)
        #expect(tail.held == 1 << 18)
    }

    /// Whoever goes leaves nothing behind, and pulls that follow each other count once.
    @Test func whatAReaderHeldGoesWithIt() {
        let tail = Self.tail { $0.pageBytes = 4 * 396 }
        let other = tail.makeReader()
        defer { withExtendedLifetime(other) {} }
        Self.deliver(1...100, bytes: 300, to: tail)
        do {
            let reader = tail.makeReader()
            for slot: Slot in [1, 5, 9] {
                _ = reader.pull(from: slot)
                #expect(tail.held == 4 * 396)
            }
            // One alone is handed on at once.
            _ = reader.pull(from: 100)
            #expect(tail.held == 0)
            _ = reader.pull(from: 1)
        }
        #expect(tail.held == 0)
    }

    @Test func aPageIsCutToWhatIsLeftForIt() {
        let page = [300, 300, 2_000].enumerated().map { place, bytes in
            Self.delivered(UInt64(place + 1), bytes: bytes)
        }
        #expect(page.fitting(10_000).count == 3)
        #expect(page.fitting(2_000).count == 2)
        #expect(page.fitting(396).count == 1)
        #expect(page.fitting(0).count == 1)
        #expect([Delivered]().fitting(0).isEmpty)
    }

    /// Story: with nobody who read them, delivered payloads stayed in the window until the driver freed
    /// them one by one, while the callers' thread was busy allocating the next.
    @Test func nothingIsKeptWhileNobodyReads() {
        let tail = Self.tail { _ in }
        func isKept(_ slot: Slot) -> Bool {
            if case .entries = tail.pull(from: slot) { true } else { false }
        }
        Self.deliver(1...10, bytes: 8, to: tail)
        #expect(!isKept(10))
        do {
            let readers = [tail.makeReader(), tail.makeReader()]
            Self.deliver(11...20, bytes: 8, to: tail)
            #expect(isKept(11))
            guard case .cold(through: 10, _) = tail.pull(from: 5) else {
                Issue.record("what came before the reader is to be read from the store")
                return
            }
            withExtendedLifetime(readers) {}
        }
        #expect(!isKept(20))
        guard case .cold(through: 20, _) = tail.pull(from: 20) else {
            Issue.record("without a reader all of it is to be read from the store")
            return
        }
        guard case .nothingYet = tail.pull(from: 21) else {
            Issue.record("there is nothing after it yet")
            return
        }
    }

    @Test func sleepersWakeForTheirSlotAtTheEndAndWhenCancelled() async throws {
        let tail = Self.tail { _ in }
        let reader = tail.makeReader()
        defer { withExtendedLifetime(reader) {} }
        let near = Task { await tail.wait(for: 2) }
        let far = Task { await tail.wait(for: 9) }
        let cancelled = Task { await tail.wait(for: 9) }
        try await eventually("three sleep") { tail.sleepers == 3 }
        Self.deliver(1...1, bytes: 1, to: tail)
        #expect(tail.sleepers == 3)
        Self.deliver(2...2, bytes: 1, to: tail)
        await near.value
        #expect(tail.sleepers == 2)
        cancelled.cancel()
        await cancelled.value
        #expect(tail.sleepers == 1)
        tail.end(.closed)
        await far.value
        #expect(tail.sleepers == 0)
        // What was delivered can be had after the end; more will not come.
        guard case .entries(let entries, _) = tail.pull(from: 1) else {
            Issue.record("what was delivered is gone")
            return
        }
        #expect(entries.count == 2)
        guard case .ended(.closed) = tail.pull(from: 3) else {
            Issue.record("the end is not seen")
            return
        }
        await tail.wait(for: 3)
    }

    @Test func cancellingAtRandomWakesEverybodyOnce() async {
        let tail = Self.tail { _ in }
        var random = SplitMix64(seed: 5)
        await withTaskGroup { group in
            for slot in UInt64(1)...2_000 {
                let sleeper = Task { await tail.wait(for: Slot(rawValue: slot)) }
                let pause = Int.random(in: 0..<10, using: &random)
                group.addTask {
                    for _ in 0..<pause { await Task.yield() }
                    sleeper.cancel()
                    await sleeper.value
                }
                if slot.isMultiple(of: 7) { Self.deliver(slot...slot, bytes: 1, to: tail) }
            }
        }
        #expect(tail.sleepers == 0)
        #expect(tail.cancelled == 0)
    }
}

extension Tail {
    /// For somebody who does not subscribe.
    fileprivate func pull(from slot: Slot) -> Pull { makeReader().pull(from: slot) }
}
