import TestSupport
import Testing

@testable import LogStorage
@testable import LogWire
@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// Backups: what was delivered comes back under another name, and never as the node that it was.
@Suite(.shared) struct NodeBackupTests {
    private static func configuration(
        _ directory: NodeDirectory,
        cluster: String = "restored",
        node: NodeID = 1,
        _ change: (inout Limits) -> Void = { _ in }
    ) throws -> LogNode.Configuration {
        var limits = directory.configuration.limits
        change(&limits)
        return LogNode.Configuration(
            cluster: try ClusterID(cluster),
            node: node,
            membership: try Membership([node]),
            limits: limits,
            storage: directory.configuration.storage
        )
    }

    /// Restores the backup, and hands the new node to the body.
    private static func restored<Value>(
        _ directory: NodeDirectory,
        from backup: String,
        as node: NodeID = 1,
        _ body: (LogNode, CopiedLog) async throws -> Value
    ) async throws -> Value {
        let place = directory.root + "/restored-\(node.rawValue)"
        let configuration = try configuration(directory, node: node)
        let copied = try await LogNode.restore(backup, as: configuration, directory: place)
        let opened = try await LogNode.open(configuration, directory: place)
        return try await running(opened) { try await body($0, copied) }
    }

    /// What stands beside the directories that are expected.
    private static func strangers(_ directory: NodeDirectory, _ known: String...) throws -> [String]
    {
        try FileSystem.listDirectory(directory.root).filter { !known.contains($0) }
    }

    @Test func theLogGoesOnAsAnotherCluster() async throws {
        let directory = try NodeDirectory()
        let backup = directory.root + "/backup"
        let state = [UInt8](repeating: 9, count: 300_000)
        let entries = try await running(try await directory.make()) { node in
            for number in 1...30 { try await node.append(payload(number)) }
            try await node.append(contentsOf: (31...34).map(payload))
            try await node.writeSnapshot(through: 20) { try $0.write(state) }
            #expect(try await node.trim(through: 10).through == 10)
            _ = try await node.cursor(named: CursorName("billing"), behind: 15)
            let copied = try await node.backup(to: backup)
            #expect(copied.identity.cluster == directory.configuration.cluster)
            #expect(copied.identity.isBackup)
            let held = try DirectoryReader(at: backup).state()
            #expect(held.cursors.isEmpty, "its consumers are this node's")
            #expect(copied.trimmedSlot == 10 && copied.snapshotSlot == 20)
            #expect(copied.committedSlot == 34 && copied.lastSlot == 34)
            // It goes on, and what comes now is not in the backup.
            try await node.append(payload(35))
            return try await node.entries(in: 11...34).entries
        }
        #expect(try FileSystem.listDirectory(backup).contains("log.mdb"))
        let found = try await Self.restored(directory, from: backup) { node, copied in
            #expect(copied.identity.cluster.name == "restored" && !copied.identity.isBackup)
            #expect(copied.committedSlot == 34)
            var events = node.subscribe(from: 1).makeAsyncIterator()
            guard case .gap(let through, .snapshot(let filling))? = try await events.next() else {
                throw SnapshotError.ended
            }
            #expect(through == 20 && filling.info.slot == 20)
            let next = try await node.append(payload(36))
            #expect(try await node.entries(in: next...next).entries.first?.payload == payload(36))
            let snapshot = try #require(try await node.latestSnapshot)
            #expect(snapshot.info == LogSnapshot.Info(slot: 20, bytes: 300_000))
            #expect(try await snapshot.read { try $0.read(exactly: 300_000) } == state)
            #expect(try await node.trim(through: 20).through == 20)
            return try await node.entries(in: 21...34).entries
        }
        #expect(found == Array(entries.dropFirst(10)))
        #expect(try Self.strangers(directory, "n1", "backup", "restored-1") == [])
    }

    /// Whatever is done to it, it is never the node again (`R37`).
    @Test func aBackupIsNotOpened() async throws {
        let directory = try NodeDirectory()
        let backup = directory.root + "/backup"
        try await running(try await directory.make()) { node in
            try await node.append(payload(1))
            try await node.backup(to: backup)
        }
        for path in [backup, backup + "/"] {
            await #expect(throws: LogOpenError.backup(path: path)) {
                try await LogNode.open(directory.configuration, directory: path)
            }
            await #expect(throws: LogOpenError.backup(path: path)) {
                try await LogNode.open(
                    directory.configuration,
                    directory: path,
                    ifMissing: .create
                )
            }
        }
        guard case .log(let log) = try await LogNode.contents(of: backup) else {
            return #expect(Bool(false), "a backup is a log")
        }
        #expect(log.isBackup && log.cluster == directory.configuration.cluster)
        // Not even under the eyes of a version that knows no backups.
        let bytes = try DirectoryReader(at: backup).identity.storedBytes
        #expect(bytes[8..<12].elementsEqual([UInt8(Schema.formatVersion), 0, 0, 0x80]))
    }

    /// A token is given once: a new member that began to count from its first boot again would have its appends
    /// taken for those of the log that it was restored from.
    @Test(arguments: [1, 2] as [NodeID])
    func whatIsAppendedToTheNewClusterHasEffect(_ node: NodeID) async throws {
        let directory = try NodeDirectory()
        let backup = directory.root + "/backup"
        try await running(try await directory.make()) { node in
            for number in 1...3 { try await node.append(payload(number)) }
            try await node.backup(to: backup)
        }
        try await Self.restored(directory, from: backup, as: node) { node, _ in
            for number in 4...6 { try await node.append(payload(number)) }
            #expect(try await node.everything().map(\.payload) == (1...6).map(payload))
        }
    }

    private static func command(
        _ sequence: UInt64,
        _ byte: UInt8,
        index: UInt32 = 0,
        of count: UInt32 = 1
    ) -> Entry {
        let token = Token(node: 1, boot: Boot(1), sequence: sequence)
        return .command(Command(token: token, index: index, count: count, payload: [byte]))
    }

    /// Slot 3 repeats slot 1; 4 and 5 are a batch torn by a no-op; 8 is the end of a batch without a beginning.
    private static let rows: [Entry] = [
        command(1, 1), command(2, 2), command(1, 3), command(3, 4, index: 0, of: 3),
        command(3, 5, index: 1, of: 3), .noop, command(4, 7), command(5, 8, index: 1, of: 2),
        command(6, 9), command(7, 10, index: 0, of: 2), command(7, 11, index: 1, of: 2),
    ]

    /// What has no effect has none in the copy; what is above the watermark is proposed again.
    @Test(arguments: [Slot.zero, 2, 4, 5, 6, 10, 11])
    func whatHadEffectHasIt(_ committed: Slot) async throws {
        let directory = try NodeDirectory()
        try await directory.write(Self.rows, committed: committed)
        let copied = try await Self.restored(directory, from: directory.path) { node, copied in
            let wanted = [1, 2, 7, 9, 10, 11].map { [UInt8($0)] }
            let found = try await node.everything()
            #expect(found.map(\.payload) == wanted)
            #expect(found.allSatisfy { !(3...6).contains($0.slot) })
            return copied
        }
        #expect(copied.committedSlot == committed && copied.lastSlot == 11)
        // Once more, from the restored one: its ballots, boots and watermarks are a log's like any other's.
        let again = try Self.configuration(directory, cluster: "again", node: 3)
        let place = directory.root + "/again"
        try await LogNode.restore(directory.root + "/restored-1", as: again, directory: place)
        try await running(try await LogNode.open(again, directory: place)) { node in
            #expect(try await node.everything().count == 6)
            try await node.append([12])
            #expect(try await node.everything().count == 7)
        }
    }

    @Test func whatMakesNoSenseIsRefused() async throws {
        let directory = try NodeDirectory()
        let backup = directory.root + "/backup"
        let place = directory.root + "/new"
        let node = try await directory.make()
        try await running(node) { node in
            try await node.append(payload(1))
            let inUse = LogCopyError.source(.directoryInUse(path: directory.path))
            await #expect(throws: inUse) {
                try await LogNode.restore(
                    directory.path,
                    as: try Self.configuration(directory),
                    directory: place
                )
            }
            try await node.backup(to: backup)
            await #expect(throws: LogCopyError.destination(.notEmpty(path: backup))) {
                try await node.backup(to: backup)
            }
        }
        await #expect(throws: LogCopyError.closed) { try await node.backup(to: place) }
        let same = try Self.configuration(directory, cluster: "tests")
        await #expect(throws: LogCopyError.sameCluster(same.cluster)) {
            try await LogNode.restore(backup, as: same, directory: place)
        }
        var three = try Self.configuration(directory)
        three.membership = try Membership([1, 2, 3])
        await #expect(throws: LogCopyError.notAlone(three.membership)) {
            try await LogNode.restore(backup, as: three, directory: place)
        }
        let made = directory.configuration.limits.pageBytes
        let lower = try Self.configuration(directory) { $0.pageBytes -= 1 }
        let refusal = LogCopyError.lowerLimit(
            name: "pageBytes",
            found: made,
            configured: made - 1
        )
        await #expect(throws: refusal) {
            try await LogNode.restore(backup, as: lower, directory: place)
        }
        let missing = LogCopyError.source(.missingDirectory(path: place))
        await #expect(throws: missing) {
            try await LogNode.restore(
                place,
                as: try Self.configuration(directory),
                directory: place
            )
        }
        #expect(try Self.strangers(directory, "n1", "backup") == [])
    }

    /// Rot is found when the backup is made, not when it is needed.
    @Test func aLogThatIsDamagedIsNotCopied() async throws {
        let directory = try NodeDirectory()
        let mark = [UInt8]("a mark that stands once".utf8)
        let node = try await directory.make()
        let slot = try await running(node) { node in
            for number in 1...20 { try await node.append(payload(number)) }
            let slot = try await node.append(mark)
            for number in 21...40 { try await node.append(payload(number)) }
            return slot
        }
        let file = Schema.dataPath(in: directory.path)
        var bytes = try FileSystem.read(file, at: 0, count: Int(try FileSystem.fileLength(file)))
        var found = 0
        for place in bytes.indices.dropLast(mark.count)
        where bytes[place] == mark[0] && bytes[place..<place + mark.count].elementsEqual(mark) {
            bytes[place] ^= 1
            found += 1
        }
        #expect(found > 0)
        try FileSystem.write(bytes, to: file)
        let place = directory.root + "/new"
        await #expect(throws: LogCopyError.unreadable(slot)) {
            try await LogNode.restore(
                directory.path,
                as: try Self.configuration(directory),
                directory: place
            )
        }
        #expect(throws: LogCopyError.unreadable(slot)) {
            try LogCopy.backUp(directory.path, to: place, storage: .small)
        }
        #expect(try Self.strangers(directory, "n1") == [])
    }

    /// What the log says of itself and what its rows do are two accounts.
    @Test func aCheckpointThatTheRowsContradictIsFound() async throws {
        let directory = try NodeDirectory()
        try await directory.write(Self.rows, committed: 11)
        var source = try DirectoryReader(at: directory.path).state()
        source.checkpoint = Checkpoint(slot: 2, digest: .empty, state: LogState())
        var copy = try LogCopy(
            of: source,
            committed: 11,
            as: DirectoryReader(at: directory.path).identity.ofBackup,
            at: directory.root + "/new",
            storage: .small,
            isCancelled: { false }
        )
        var thrown: LogCopyError?
        do throws(LogCopyError) {
            let ballot = Ballot(round: 1, node: 1)
            try copy.add(
                Self.rows.enumerated().map { place, entry in
                    AcceptedEntry(
                        slot: Slot(rawValue: UInt64(place + 1)),
                        ballot: ballot,
                        entry: entry
                    )
                }
            )
        } catch {
            thrown = error
        }
        #expect(thrown == .contradicted(at: 2))
    }

    @Test func oneThatIsCancelledLeavesNothing() async throws {
        let directory = try NodeDirectory { $0.pageBytes = 1_024 }
        let place = directory.root + "/new"
        try await running(try await directory.make()) { node in
            for number in 1...100 { try await node.append(payload(number)) }
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await node.backup(to: place)
            }
            await #expect(throws: LogCopyError.cancelled) { try await task.value }
            #expect(try Self.strangers(directory, "n1") == [])
            // The next one finds nothing in its way.
            #expect(try await node.backup(to: place).committedSlot == 100)
        }
    }

    /// The log is trimmed while it is read: the backup begins where the log does.
    @Test func aTrimDoesNotWaitForABackup() async throws {
        let directory = try NodeDirectory { $0.pageBytes = 1_024 }
        try await running(try await directory.make()) { node in
            for number in 1...400 { try await node.append(payload(number)) }
            for round in 1...8 {
                let through = Slot(rawValue: UInt64(round * 40))
                async let trim = node.trim(through: through)
                let copied = try await node.backup(to: directory.root + "/backup-\(round)")
                #expect(try await trim.through == through)
                #expect(copied.committedSlot == 400)
                #expect(copied.trimmedSlot <= through)
                let reader = try DirectoryReader(at: directory.root + "/backup-\(round)")
                var next = copied.trimmedSlot.next
                try reader.scanRows { row in
                    if case .row(let row, _) = row, row.slot == next { next = row.slot.next }
                    return true
                }
                #expect(next == 401)
            }
        }
    }
}
