import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import ReplicatedLog

/// What a consumer sees of the place that its node keeps for it.
@Suite(.shared) struct NodeCursorTests {
    private let name: CursorName

    init() throws {
        name = try CursorName("billing")
    }

    /// It goes on where it was left, in a later process too, and is listed until it is removed.
    @Test func aConsumerGoesOnWhereItWas() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            for number in 1...10 { try await node.append(payload(number)) }
            let cursor = try await node.cursor(named: name)
            #expect(cursor.opened == 0)
            var events = cursor.events.makeAsyncIterator()
            for _ in 1...6 {
                guard case .entry(let slot, _, _)? = try await events.next() else { continue }
                if slot <= 4 { try cursor.confirm(through: slot) }
            }
            #expect(throws: CursorError.notDelivered(through: 10)) {
                try cursor.confirm(through: 11)
            }
            try await eventually("it is taken") { node.cursors.first?.slot == 4 }
            #expect(node.cursors == [CursorStatus(name: name, slot: 4, lag: 6)])
        }
        try await running(try await directory.open()) { node in
            let cursor = try await node.cursor(named: name, behind: 0)
            #expect(cursor.opened == 4)
            var events = cursor.events.makeAsyncIterator()
            #expect(
                try await events.next()
                    == .entry(slot: 5, payload: payload(5), previous: 4)
            )
            #expect(try await node.removeCursor(named: name))
            #expect(try await !node.removeCursor(named: name))
            #expect(node.cursors.isEmpty)
            await #expect(throws: CursorError.removed) { try await cursor.flush() }
            #expect(throws: CursorError.removed) { try cursor.confirm(through: 5) }
            // One that was made since under its name is another's.
            let next = try await node.cursor(named: name, behind: 2)
            #expect(throws: CursorError.removed) { try cursor.confirm(through: 6) }
            await #expect(throws: CursorError.removed) { try await cursor.flush() }
            try next.confirm(through: 3)
            #expect(try await next.flush() == 3)
            #expect(try await node.removeCursor(named: name))
        }
        try await running(try await directory.open()) { node in
            let cursor = try await node.cursor(named: name, behind: 7)
            #expect(cursor.opened == 7, "it is another one")
        }
    }

    /// Nothing comes along that would have it written: it is, all the same, with nobody waiting for it.
    @Test func aPositionIsWrittenWhenNothingElseIs() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            try await node.append(payload(1))
            let cursor = try await node.cursor(named: name)
            let flushes = node.status.storage.flushes
            try cursor.confirm(through: 1)
            // The store may be done before the driver has shown what it handed over.
            try await eventually("it is on the disk") {
                node.status.storage.flushes > flushes
                    && node.driver.status.cursors.map(\.written) == [1]
            }
        }
    }

    /// A trim stops where the consumer is, says so, and goes on by itself.
    @Test func nothingGoesThatAConsumerHasNotSeen() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            for number in 1...10 { try await node.append(payload(number)) }
            let cursor = try await node.cursor(named: name, behind: 3)
            let held = try await node.trim(through: 8)
            #expect(held == LogTrim(through: 3, heldBack: .cursor(3)))
            try cursor.confirm(through: 6)
            try await eventually("it goes on") { node.status.trimmedSlot == 6 }
            let all = try await node.trim(through: 8, pastCursors: true)
            #expect(all == LogTrim(through: 8, heldBack: nil))
            await #expect(throws: CursorError.notDelivered(through: 10)) {
                try await node.cursor(named: name, behind: 11)
            }
        }
        try await running(try await directory.open()) { node in
            let cursor = try await node.cursor(named: name)
            var events = cursor.events.makeAsyncIterator()
            #expect(try await events.next() == .gap(through: 8, reason: .trimmed))
        }
    }

    @Test func callsEndWithTheNode() async throws {
        let directory = try NodeDirectory()
        let node = try await directory.make()
        await #expect(throws: CursorError.timedOut) {
            try await node.cursor(named: name, timeout: .milliseconds(1))
        }
        await node.close()
        await #expect(throws: CursorError.closed) { try await node.cursor(named: name) }
    }

    /// One that stands still while the log goes under it by the policy, and reads on only when it has been passed: it has
    /// what it held, of which there is no more than is documented, then its gap, and then all there is. Another one
    /// that reads along sees every entry.
    @Test func aSlowReaderGetsItsGapAndNobodyElseDoes() async throws {
        let directory = try NodeDirectory { limits in
            (limits.pageBytes, limits.tailBytes) = (4_096, 16 << 10)
        }
        var configuration = directory.configuration
        configuration.trimming = .keeping(entries: 50)
        try await directory.create()
        let opened = try await LogNode.open(configuration, directory: directory.path)
        try await running(opened) { node in
            let first = (0..<20).map { _ in [UInt8](repeating: 1, count: 500) }
            try await node.append(contentsOf: first)
            var slow = node.subscribe(from: 1).makeAsyncIterator()
            var quick = node.subscribe(from: 1).makeAsyncIterator()
            #expect(try await slow.next()?.through == 1)
            var read = Slot.zero
            while node.status.trimmedSlot < 1_000, read < 100_000 {
                let batch = (0..<20).map { _ in [UInt8](repeating: 2, count: 500) }
                let last = try await node.append(contentsOf: batch).upperBound
                while read < last {
                    let event = try #require(try await quick.next())
                    if case .gap = event { Issue.record("\(event)") }
                    read = event.through
                }
            }
            #expect(node.status.trimmedSlot >= 1_000)
            var held = 0
            var position = Slot.first
            while let event = try await slow.next() {
                if case .gap(let through, let reason) = event {
                    #expect(reason == .trimmed)
                    #expect(through >= 1_000)
                    position = through
                    break
                }
                held += 500
                position = event.through
            }
            #expect(held <= (16 << 10) + 500)
            while position < read { position = try #require(try await slow.next()).through }
            #expect(position == read)
        }
    }

    /// The policy of the configuration is kept while appends come, and no file grows for what is gone.
    @Test func aNodeTrimsByItself() async throws {
        var configuration = try NodeDirectory().configuration
        configuration.trimming = .keeping(entries: 100)
        let scratch = try Scratch("policy")
        let path = scratch.path + "/n1"
        try await LogNode.create(configuration, directory: path)
        try await running(try await LogNode.open(configuration, directory: path)) { node in
            var appended = 0
            while node.status.trimmedSlot < 1_024, appended < 100_000 {
                let batch = (0..<100).map { payload($0) }
                appended += batch.count
                try await node.append(contentsOf: batch)
            }
            #expect(node.status.trimmedSlot >= 1_024)
            #expect(node.status.trimmedSlot.rawValue + 100 <= node.status.committedSlot.rawValue)
        }
        configuration.trimming = .keeping(entries: 0)
        await #expect(throws: LogOpenError.self) {
            try await LogNode.open(configuration, directory: path)
        }
    }
}
