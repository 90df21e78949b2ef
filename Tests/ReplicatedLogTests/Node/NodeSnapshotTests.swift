import Glibc
import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// Snapshots of a node: what is written comes back, and nothing else ever does.
@Suite(.shared) struct NodeSnapshotTests {
    private static func names(_ directory: NodeDirectory) throws -> [String] {
        try FileSystem.listDirectory(directory.path).filter { $0.hasPrefix("snapshot") }
    }

    private static func path(_ directory: NodeDirectory, _ slot: Slot) -> String {
        SnapshotFormat.path(of: slot, in: directory.path)
    }

    /// Bytes that no two places have alike.
    private static func bytes(_ count: Int) -> [UInt8] {
        // By hand: mapping a range costs a lock of the runtime for each element in code that is not optimised.
        var bytes = [UInt8](repeating: 0, count: count)
        var place = 0
        while place < count {
            bytes[place] = UInt8(truncatingIfNeeded: place &* 2_654_435_761 >> 13)
            place += 1
        }
        return bytes
    }

    private static func write(_ node: LogNode, _ slot: Slot, _ state: [UInt8]) async throws {
        try await node.writeSnapshot(through: slot) { try $0.write(state) }
    }

    private static func contents(_ snapshot: LogSnapshot) async throws -> [UInt8] {
        try await snapshot.read { reader in
            var found: [UInt8] = []
            while true {
                let part = try reader.read(upTo: 100_000)
                if part.isEmpty { return found }
                found += part
            }
        }
    }

    @Test(arguments: [0, 1, 262_143, 262_144, 262_145, 800_000])
    func whatIsWrittenComesBack(_ count: Int) async throws {
        let directory = try NodeDirectory()
        let state = Self.bytes(count)
        try await running(try await directory.make()) { node in
            #expect(try await node.latestSnapshot?.info == nil)
            for number in 1...3 { try await node.append(payload(number)) }
            let info = try await node.writeSnapshot(through: 3) { writer in
                for start in stride(from: 0, to: count, by: 70_001) {
                    try writer.write(state[start..<min(count, start + 70_001)])
                }
                #expect(writer.byteCount == count)
            }
            #expect(info == LogSnapshot.Info(slot: 3, bytes: UInt64(count)))
        }
        // And after a restart, before the node runs.
        let node = try await directory.open()
        let snapshot = try #require(try await node.latestSnapshot)
        #expect(snapshot.info == LogSnapshot.Info(slot: 3, bytes: UInt64(count)))
        #expect(try await Self.contents(snapshot) == state)
        await #expect(throws: SnapshotError.ended) {
            try await snapshot.read { try $0.read(exactly: count + 1) }
        }
        await node.close()
    }

    /// The base is as of the slot, however far the node had gone on, and made of the one before.
    @Test func theBaseIsExactlyAsOfTheSlot() async throws {
        let directory = try NodeDirectory { $0.checkpointSlots = 4 }
        let digests = try await running(try await directory.make()) { node in
            for number in 1...20 { try await node.append(payload(number)) }
            for slot in [7, 12] as [Slot] {
                try await Self.write(node, slot, [])
                let base = try #require(try await node.latestSnapshot).base
                #expect(base.slot == slot)
                #expect(base.state.sessions.map(\.delivered.ranges) == [[1...slot.rawValue]])
                #expect(base.membership == directory.configuration.membership)
                #expect(base.ballot.node == 1)
            }
            return try await node.openSnapshots().map(\.base.digest)
        }
        // A node that makes the later one of the log alone makes the same.
        for slot in [7, 12] as [Slot] {
            try FileSystem.removeFile(Self.path(directory, slot))
        }
        try await running(try await directory.open()) { node in
            try await Self.write(node, 12, [])
            let base = try #require(try await node.latestSnapshot).base
            #expect(base.digest == digests[0] && digests[0] != digests[1])
        }
    }

    @Test func theNewestTwoAreKept() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            for number in 1...4 {
                try await node.append(payload(number))
                try await Self.write(node, Slot(rawValue: UInt64(number)), payload(number))
            }
            #expect(try Self.names(directory).count == 2)
            #expect(try await node.openSnapshots().map(\.info.slot) == [4, 3])
            // One that is held is read to its end, also when it is gone.
            let old = try #require(try await node.openSnapshots().last)
            for number in 5...6 {
                try await node.append(payload(number))
                try await Self.write(node, Slot(rawValue: UInt64(number)), [])
            }
            #expect(try await Self.contents(old) == payload(3))
        }
    }

    @Test func whatCannotBeIsRefused() async throws {
        let directory = try NodeDirectory()
        let node = try await directory.make()
        try await running(node) { node in
            try await node.append([1])
            try await node.append(contentsOf: [[2], [3], [4]])
            await #expect(throws: SnapshotError.notDelivered(through: 4)) {
                try await Self.write(node, 5, [])
            }
            for slot in [2, 3] as [Slot] {
                await #expect(throws: SnapshotError.insideBatch(through: 4)) {
                    try await Self.write(node, slot, [])
                }
            }
            await #expect(throws: SnapshotError.notNewer(than: 0)) {
                try await Self.write(node, 0, [])
            }
            try await Self.write(node, 1, [])
            await #expect(throws: SnapshotError.notNewer(than: 1)) {
                try await Self.write(node, 1, [])
            }
            struct Own: Error {}
            await #expect(throws: Own.self) {
                try await node.writeSnapshot(through: 4) { writer in
                    try writer.write(Self.bytes(600_000))
                    throw Own()
                }
            }
            #expect(try Self.names(directory).count == 1)
            try await Self.write(node, 4, [])
        }
        await #expect(throws: SnapshotError.closed) { try await Self.write(node, 5, []) }
    }

    /// While one is being written there is no other, its end is at the next chunk, and a node that ends
    /// does not wait for whoever writes.
    @Test func itEndsWithItsTaskAndWithTheNode() async throws {
        let directory = try NodeDirectory()
        let node = try await directory.make()
        let gate = Gate()
        let late = try await running(node) { node in
            for number in 1...3 { try await node.append(payload(number)) }
            let task = Task {
                try await node.writeSnapshot(through: 2) { writer in
                    gate.stand()
                    try writer.write(Self.bytes(600_000))
                }
            }
            try await eventually("it is being written") { gate.isReached }
            await #expect(throws: SnapshotError.busy) { try await Self.write(node, 3, []) }
            task.cancel()
            gate.open()
            await #expect(throws: SnapshotError.cancelled) { try await task.value }
            #expect(try Self.names(directory).isEmpty)
            gate.shut()
            let late = Task {
                try await node.writeSnapshot(through: 2) { writer in
                    try writer.write(Self.bytes(600_000))
                    gate.stand()
                    try writer.write(Self.bytes(600_000))
                }
            }
            try await eventually("it is being written") { gate.isReached }
            return late
        }
        #expect(try Self.names(directory).isEmpty)
        // The directory is another's while the writer still stands there.
        try await running(try await directory.open()) { node in
            try await Self.write(node, 2, [7])
            gate.open()
            await #expect(throws: SnapshotError.closed) { try await late.value }
            #expect(try Self.names(directory).count == 1)
            let snapshot = try #require(try await node.latestSnapshot)
            #expect(try await Self.contents(snapshot) == [7])
        }
    }

    /// Makes two snapshots, of slots 2 and 4, and lets a body change files before the directory is opened
    /// again.
    private static func damaged(
        _ change: (NodeDirectory) throws -> Void,
        _ look: (LogNode) async throws -> Void
    ) async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            for number in 1...4 { try await node.append(payload(number)) }
            try await write(node, 2, bytes(600_000))
            try await write(node, 4, bytes(600_001))
        }
        try change(directory)
        try await running(try await directory.open(), look)
    }

    private static func flip(_ directory: NodeDirectory, _ slot: Slot, at place: Int) throws {
        let path = path(directory, slot)
        var bytes = try FileSystem.read(path, at: 0, count: 1 << 20)
        bytes[place < 0 ? bytes.count + place : place] ^= 1
        try FileSystem.write(bytes, to: path)
    }

    /// Head, base and tail: the one before is opened in its place. 20 is in the slot's number.
    @Test(arguments: [20, 60, -5]) func aDamagedOneIsPassedOver(_ place: Int) async throws {
        try await Self.damaged {
            try Self.flip($0, 4, at: place)
        } _: { node in
            let snapshot = try #require(try await node.latestSnapshot)
            #expect(snapshot.info.slot == 2)
            #expect(try await Self.contents(snapshot) == Self.bytes(600_000))
            // Its base does, too.
            try await node.append([5])
            try await Self.write(node, 5, [])
            let base = try #require(try await node.latestSnapshot).base
            #expect(base.slot == 5 && base.state.sessions.map(\.boot) == [Boot(2)])
        }
        try await Self.damaged { directory in
            for slot in [2, 4] as [Slot] { try Self.flip(directory, slot, at: place) }
        } _: { node in
            await #expect(throws: SnapshotError.self) { try await node.latestSnapshot }
        }
    }

    @Test func aDamagedChunkIsNotHandedOut() async throws {
        for place in [262_144, 400_000, 600_000] {
            try await Self.damaged {
                try Self.flip($0, 4, at: place)
            } _: { node in
                let snapshot = try #require(try await node.latestSnapshot)
                #expect(snapshot.info.slot == 4)
                do {
                    _ = try await Self.contents(snapshot)
                    Issue.record("a damaged chunk was handed out")
                } catch SnapshotError.damaged(let path, let detail) {
                    #expect(path == snapshot.path && detail.hasPrefix("chunk"))
                }
                // It is known now: the one before takes its place.
                let newest = try await node.latestSnapshot
                #expect(newest?.info.slot == 2)
            }
        }
    }

    /// What is damaged counts for nothing: neither as the newest nor as one of the two that are kept.
    @Test func aDamagedOneDrivesNoGoodOneAway() async throws {
        try await Self.damaged { directory in
            for slot in [2, 4] as [Slot] { try Self.flip(directory, slot, at: 60) }
        } _: { node in
            try await Self.write(node, 3, [3])
            #expect(try await node.openSnapshots().map(\.info.slot) == [3])
            try await Self.write(node, 4, [4])
            #expect(try await node.openSnapshots().map(\.info.slot) == [4, 3])
            try await node.append([5])
            try await Self.write(node, 5, [5])
            #expect(try await node.openSnapshots().map(\.info.slot) == [5, 4])
        }
        try await Self.damaged {
            try Self.flip($0, 4, at: 60)
        } _: { node in
            try await node.append([5])
            try await Self.write(node, 5, [5])
            #expect(try await node.openSnapshots().map(\.info.slot) == [5, 2])
            try await node.append([6])
            try await Self.write(node, 6, [6])
            #expect(try await node.openSnapshots().map(\.info.slot) == [6, 5])
        }
    }

    /// A log that was put back from an older copy: what its snapshots tell of is not in it.
    @Test func oneBeyondTheLogIsNotUsed() async throws {
        let directory = try NodeDirectory()
        try await running(try await directory.make()) { node in
            for number in 1...3 { try await node.append(payload(number)) }
        }
        let base = Base(
            slot: 4,
            ballot: .zero,
            membership: directory.configuration.membership,
            membershipSlot: 0,
            state: LogState(),
            prefix: .empty,
            digest: 0
        )
        let cluster = directory.configuration.cluster
        let head = SnapshotHead(cluster: cluster, base: base, chunkBytes: 1 << 18).encoded
        let tail = SnapshotTail(chunks: 0, bytes: 0, digest: 0)
            .encoded(SnapshotFormat.seed(cluster, 4))
        try FileSystem.write(head + tail, to: Self.path(directory, 4))
        try await running(try await directory.open()) { node in
            await #expect {
                try await node.latestSnapshot
            } throws: { error in
                if case SnapshotError.beyondLog(_, 4, 3) = error { true } else { false }
            }
            try await Self.write(node, 3, [3])
            let newest = try await node.latestSnapshot
            #expect(newest?.info.slot == 3)
        }
    }

    /// Every length but its own is met when it is opened.
    @Test func oneThatIsCutShortIsNotOpened() async throws {
        for length in [0, 11, 39, 100, 300_000, 600_000] {
            try await Self.damaged { directory in
                let path = Self.path(directory, 4)
                try FileSystem.write(try FileSystem.read(path, at: 0, count: length), to: path)
            } _: { node in
                let newest = try await node.latestSnapshot
                #expect(newest?.info.slot == 2)
            }
        }
    }

    @Test func anotherVersionIsRefusedByName() async throws {
        try await Self.damaged { directory in
            try FileSystem.removeFile(Self.path(directory, 2))
            let path = Self.path(directory, 4)
            var bytes = try FileSystem.read(path, at: 0, count: 1 << 20)
            bytes[8] = 4
            try FileSystem.write(bytes, to: path)
        } _: { node in
            await #expect {
                try await node.latestSnapshot
            } throws: { error in
                if case SnapshotError.newerFormat(_, 4, 3) = error { true } else { false }
            }
        }
    }

    /// A file of another slot or another cluster under this name is met.
    @Test func anotherPlacesFileIsNotTaken() async throws {
        try await Self.damaged { directory in
            let bytes = try FileSystem.read(Self.path(directory, 2), at: 0, count: 1 << 20)
            try FileSystem.write(bytes, to: Self.path(directory, 4))
        } _: { node in
            let newest = try await node.latestSnapshot
            #expect(newest?.info.slot == 2)
        }
        try await Self.damaged { directory in
            try FileSystem.removeFile(Self.path(directory, 2))
            let head = SnapshotHead(
                cluster: try ClusterID("others"),
                base: .founding(try Membership([1])),
                chunkBytes: 1 << 18
            )
            try FileSystem.write(head.encoded, to: Self.path(directory, 4))
        } _: { node in
            await #expect {
                try await node.latestSnapshot
            } throws: { error in
                if case SnapshotError.foreignCluster(_, "others", _) = error { true } else { false }
            }
        }
    }

    @Test func whatACrashHasLeftIsSweptAndNothingElse() async throws {
        let directory = try NodeDirectory()
        try await directory.create()
        let part = SnapshotFormat.partPath(of: 9, in: directory.path)
        let others = ["snapshot-x.part", "snapshot-12", "mine.part"].map {
            directory.path + "/" + $0
        }
        for path in [part] + others { try FileSystem.write([1, 2, 3], to: path) }
        try await running(try await directory.open()) { node in
            #expect(!FileSystem.exists(part))
            for path in others { #expect(FileSystem.exists(path)) }
            let newest = try await node.latestSnapshot
            #expect(newest?.info == nil)
        }
    }
}
