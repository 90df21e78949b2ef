import Glibc
import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import ReplicatedLog

/// What a host sees of a log that is trimmed.
@Suite(.shared) struct NodeTrimTests {
    @Test func theLogBeginsBehindWhatIsTrimmed() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            for number in 1...100 { try await node.append(payload(number)) }
            await #expect(throws: TrimError.notCommitted(through: 100)) {
                try await node.trim(through: 101)
            }
            #expect(node.status.trimmedSlot == .zero)
            var facts = node.events.makeAsyncIterator()
            let trim = try await node.trim(through: 60)
            #expect(trim == LogTrim(through: 60, heldBack: nil))
            #expect(node.status.trimmedSlot == 60)
            while let event = await facts.next(), event.fact != .trimmed(60) {}
            await #expect(throws: ReadError.trimmed(through: 60)) {
                try await node.entries(in: 60...70)
            }
            let page = try await node.entries(in: 10...70, order: .descending)
            #expect(page.entries.map(\.slot.rawValue) == (61...70).reversed())
            var events = node.subscribe(from: 1).makeAsyncIterator()
            #expect(try await events.next() == .gap(through: 60, reason: .trimmed))
            let next = try await events.next()
            #expect(next == .entry(slot: 61, payload: payload(61), previous: 60))
            var kept = node.subscribe(from: .firstRetained).makeAsyncIterator()
            #expect(try await kept.next()?.through == 61)
        }
        // All of it, after a restart too; the log goes on.
        try await running(try await directory.open()) { node in
            #expect(node.status.trimmedSlot == 60)
            _ = try await node.barrier()
            #expect(try await node.trim(through: 100).through == 100)
            #expect(try await node.append(payload(101)) > 100)
        }
        try await running(try await directory.open()) { node in
            #expect(node.status.trimmedSlot == 100)
            let end = try await node.append(payload(102))
            var events = node.subscribe(from: 1).makeAsyncIterator()
            #expect(try await events.next() == .gap(through: 100, reason: .trimmed))
            #expect(try await events.next()?.through == 101)
            #expect(try await node.entries(in: 101...end).entries.last?.payload == payload(102))
        }
    }

    /// The oldest snapshot that fills a gap comes with it: rows that are kept are not passed over for the sake of a newer
    /// one.
    @Test func aGapEndsWithTheFirstSnapshotThatFillsIt() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            for number in 1...10 { try await node.append(payload(number)) }
            for slot in [4, 8] as [Slot] {
                try await node.writeSnapshot(through: slot) { try $0.write(number: slot.rawValue) }
            }
            try await node.trim(through: 4)
            var events = node.subscribe(from: 2).makeAsyncIterator()
            guard case .gap(4, .snapshot(let snapshot))? = try await events.next() else {
                return #expect(Bool(false), "a gap with a snapshot")
            }
            #expect(snapshot.info.slot == 4)
            let next = try await events.next()
            #expect(next == .entry(slot: 5, payload: payload(5), previous: 4))
            // Past the first: there is none but the newer one.
            try await node.trim(through: 6, pastSnapshots: true)
            var later = node.subscribe(from: 2).makeAsyncIterator()
            guard case .gap(8, .snapshot(let newer))? = try await later.next() else {
                return #expect(Bool(false), "a gap with a snapshot")
            }
            #expect(newer.info.slot == 8)
        }
    }

    /// A trim point within a batch: whoever has nothing of the batch gets none of it (`R72`).
    @Test func aGapEndsWithABatch() async throws {
        let directory = try NodeDirectory()
        var batch = Slot.first...Slot.first
        try await running(try await directory.make()) { node in
            try await node.append([1])
            batch = try await node.append(contentsOf: [[2], [3], [4], [5]])
            try await node.append([6])
            let middle = Slot(rawValue: batch.lowerBound.rawValue + 1)
            #expect(try await node.trim(through: middle) == LogTrim(through: middle, heldBack: nil))
        }
        try await running(try await directory.open()) { node in
            for start in [node.subscribe(from: 1), node.subscribe(from: batch.lowerBound)] {
                var events = start.makeAsyncIterator()
                #expect(
                    try await events.next() == .gap(through: batch.upperBound, reason: .trimmed)
                )
                guard case .entry(_, [6], let previous)? = try await events.next() else {
                    return #expect(Bool(false), "the entry behind the batch")
                }
                #expect(previous == batch.upperBound)
            }
            await #expect(throws: ReadError.trimmed(through: batch.upperBound)) {
                try await node.entries(in: batch)
            }
        }
    }

    /// A reader that stands still while the log goes gets its gap, and nothing is skipped without one.
    @Test func aReaderInWhatGoesGetsItsGap() async throws {
        let directory = try NodeDirectory { $0.pageBytes = 1_024 }
        try await running(try await directory.make()) { node in
            for _ in 1...40 { try await node.append([UInt8](repeating: 7, count: 500)) }
            var events = node.subscribe(from: 1).makeAsyncIterator()
            var position = Slot.zero
            guard case .entry(let slot, _, _)? = try await events.next() else {
                return #expect(Bool(false), "the first entry")
            }
            position = slot
            try await node.trim(through: 30)
            var gaps: [Slot] = []
            while position < 40, let event = try await events.next() {
                switch event {
                case .entry(let slot, _, let previous):
                    #expect(previous == position)
                    position = slot
                case .gap(let through, _):
                    #expect(through == 30)
                    gaps.append(through)
                    position = through
                default: continue
                }
            }
            #expect(gaps == [30])
        }
    }

    /// What the oldest snapshot does not hold stays, unless told; and a snapshot can be written of a log whose
    /// beginning is gone.
    @Test func snapshotsHoldATrimBack() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            for number in 1...50 { try await node.append(payload(number)) }
            try await node.trim(through: 10)
            let info = try await node.writeSnapshot(through: 20) { try $0.write([1]) }
            #expect(info.slot == 20)
            let held = try await node.trim(through: 40)
            #expect(held == LogTrim(through: 20, heldBack: .snapshot(20)))
            #expect(try await node.trim(through: 40, pastSnapshots: true).through == 40)
            // From what was passed the log does not lead on: it is not handed out, and holds nothing.
            await #expect(throws: SnapshotError.trimmed(through: 40)) {
                try await node.latestSnapshot
            }
            #expect(try await node.trim(through: 42) == LogTrim(through: 42, heldBack: nil))
            try await node.writeSnapshot(through: 45) { try $0.write([2]) }
            #expect(try await node.trim(through: 45) == LogTrim(through: 45, heldBack: nil))
            #expect(try SnapshotFolder.slots(in: directory.path) == [45])
            await #expect(throws: SnapshotError.self) {
                try await node.writeSnapshot(through: 39) { try $0.write([2]) }
            }
        }
    }

    /// Rows are trimmed for a snapshot's sake: one that does not come back as it was written is none (`R42`).
    @Test func aSnapshotIsReadBackBeforeItCounts() async throws {
        let directory = try NodeDirectory()
        let part = SnapshotFormat.partPath(of: 10, in: directory.path)
        try await running(try await directory.make()) { node in
            for number in 1...20 { try await node.append(payload(number)) }
            let error = await #expect(throws: SnapshotError.self) {
                try await node.writeSnapshot(through: 10) { writer in
                    try writer.write([UInt8](repeating: 7, count: 300_000))
                    // The first chunk stands in the file by now.
                    let file = open(part, O_WRONLY)
                    #expect(pwrite(file, [8], 1, 100_000) == 1)
                    close(file)
                }
            }
            guard case .damaged? = error else { return #expect(error == nil) }
            #expect(try await node.latestSnapshot?.info == nil)
            #expect(try await node.trim(through: 20) == LogTrim(through: 20, heldBack: nil))
        }
    }

    /// The first snapshot holds a trim back from when it is begun; one that is passed all the same is none.
    @Test func theFirstSnapshotIsNotPassedWhileItIsWritten() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            for number in 1...30 { try await node.append(payload(number)) }
            let gate = Gate()
            func written(through slot: Slot) async throws -> Task<Slot, any Error> {
                gate.shut()
                let task = Task {
                    try await node.writeSnapshot(through: slot) { writer in
                        gate.stand()
                        try writer.write([1])
                    }.slot
                }
                try await eventually("it is being written") { gate.isReached }
                return task
            }
            let passed = try await written(through: 10)
            let held = try await node.trim(through: 20)
            #expect(held == LogTrim(through: 10, heldBack: .snapshot(10)))
            #expect(try await node.trim(through: 15, pastSnapshots: true).through == 15)
            gate.open()
            await #expect(throws: SnapshotError.trimmed(through: 15)) { try await passed.value }
            #expect(try await node.latestSnapshot?.info == nil)
            let first = try await written(through: 20)
            #expect(try await node.trim(through: 30).through == 20)
            gate.open()
            #expect(try await first.value == 20)
            let kept = try await node.trim(through: 30)
            #expect(kept == LogTrim(through: 20, heldBack: .snapshot(20)))
        }
    }

    /// What goes while the first snapshot is made of it is in the base: the snapshot goes on from there.
    @Test func theFirstSnapshotOutlivesATrimBelowIt() async throws {
        let directory = try NodeDirectory { limits in
            limits.pageBytes = 1_024
            limits.pipelineSlots = 4_096
        }
        try await running(try await directory.make()) { node in
            var last = Slot.zero
            for _ in 1...5 {
                let batch = (1...1_000).map { payload($0) }
                last = try await node.append(contentsOf: batch).upperBound
            }
            let half = Slot(rawValue: last.rawValue - 1_000)
            let end = last
            async let trim = node.trim(through: half)
            let info = try await node.writeSnapshot(through: end) { try $0.write([1]) }
            #expect(info.slot == end)
            #expect(try await trim == LogTrim(through: half, heldBack: nil))
            // Its base is that of all rows: as that of the next, made of it and of none of them.
            let next = try await node.append([7])
            try await node.writeSnapshot(through: next) { try $0.write([2]) }
            #expect(try await node.latestSnapshot?.info.slot == next)
        }
    }
}
