import TestSupport
import Testing

@testable import LogStorage
@testable import LogWire
@testable import PaxosCore
@testable import Platform

/// A snapshot that one member gives and another takes, between two folders without cores: whatever ends at whatever
/// piece, what has come is used again, and nothing but the whole of it ever has its name.
@Suite(.shared) struct SnapshotTakingTests {
    /// One side: a directory, and a process that is ended and begun again.
    final class Side {
        let path: String
        let cluster: ClusterID
        var log: RecoveredState?
        private(set) var folder: SnapshotFolder
        private(set) var courier: SnapshotCourier
        /// The most that a process has held.
        private(set) var peak = 0

        init(_ path: String, log: RecoveredState? = nil) throws {
            self.path = path
            self.log = log
            cluster = try ClusterID("tests")
            try FileSystem.makeDirectory(path)
            folder = try SnapshotFolder.open(path, cluster: cluster, beside: log)
            courier = SnapshotCourier(folder) { _ in }
        }

        /// As a kill does: nothing is tidied up.
        func begin() throws {
            peak = max(peak, courier.held.peak)
            courier.close()
            folder = try SnapshotFolder.open(path, cluster: cluster, beside: log)
            courier = SnapshotCourier(folder) { _ in }
        }

        func end() {
            peak = max(peak, courier.held.peak)
            folder.close()
            courier.close()
        }

        func perform(_ work: SnapshotTask.Work) async -> SnapshotCompletion.Result {
            await withCheckedContinuation { continuation in
                courier.submit(work) { continuation.resume(returning: $0) }
            }
        }
    }

    enum Ending: CaseIterable {
        case giver, receiver
    }

    private static let piece = 50_000

    private static func base(_ slot: Slot) throws -> Base {
        Base(
            slot: slot,
            ballot: Ballot(round: 3, node: 2),
            membership: try Membership([1, 2, 3]),
            membershipSlot: .zero,
            state: LogState(),
            prefix: PrefixDigest(7),
            digest: 8
        )
    }

    /// A log that ends before the snapshots of these tests.
    private static func log() throws -> RecoveredState {
        RecoveredState(
            cluster: try ClusterID("tests"),
            node: 1,
            incarnation: Incarnation(high: 1, low: 1),
            membership: try Membership([1, 2, 3]),
            boot: Boot(2),
            promised: Ballot(round: 1, node: 1),
            committed: 4
        )
    }

    private static func write(_ count: Int, at slot: Slot, in side: Side) throws {
        try side.folder.claim(slot)
        defer { side.folder.unclaim() }
        let part = (0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ Int(slot.rawValue)) }
        _ = try side.folder.write(try base(slot), isCancelled: { false }, trimmed: { .zero }) {
            writer in
            var left = count
            while left > 0 {
                try writer.write(part.prefix(left))
                left -= min(left, part.count)
            }
        }
    }

    private static func sides(_ scratch: Scratch, bytes: Int) throws -> (
        giver: Side, receiver: Side
    ) {
        let giver = try Side(scratch.path + "/giver")
        try write(bytes, at: 9, in: giver)
        return (giver, try Side(scratch.path + "/receiver", log: try log()))
    }

    private static func offer(_ giver: Side) async throws -> OfferedBase {
        guard case .offer(let offer?) = await giver.perform(.find(1...100, preferring: nil)) else {
            throw SnapshotError.ended
        }
        return offer
    }

    /// Moves a snapshot, asking anew what is here whenever `disturb` has ended somebody; it is called behind each piece.
    /// Returns how many bytes were sent.
    private static func move(
        _ offer: OfferedBase,
        _ giver: Side,
        _ receiver: Side,
        piece: Int = piece,
        disturb: (_ number: Int) throws -> Bool = { _ in false }
    ) async throws -> UInt64 {
        let (sent, result) = try await tryToMove(offer, giver, receiver, piece, disturb)
        #expect(result == .finished)
        return sent
    }

    private static func tryToMove(
        _ offer: OfferedBase,
        _ giver: Side,
        _ receiver: Side,
        _ piece: Int = piece,
        _ disturb: (_ number: Int) throws -> Bool = { _ in false }
    ) async throws -> (sent: UInt64, SnapshotCompletion.Result) {
        let name = try #require(offer.name)
        let bytes = try #require(offer.snapshot?.bytes)
        var (sent, number) = (UInt64(0), 0)
        var offset: UInt64?
        while true {
            if offset == nil {
                let begun = await receiver.perform(.begin(name, bytes: bytes))
                guard case .begun(let through) = begun else { throw SnapshotError.ended }
                offset = through
            }
            guard let at = offset, at < bytes else { break }
            let read = await giver.perform(.read(name, offset: at, maxBytes: piece))
            guard case .piece(let part) = read, !part.isEmpty else { throw SnapshotError.ended }
            sent += UInt64(part.count)
            let written = await receiver.perform(.write(name, offset: at, bytes: part))
            guard written == .written else { throw SnapshotError.ended }
            offset = at + UInt64(part.count)
            if try disturb(number) { offset = nil }
            number += 1
        }
        return (sent, await receiver.perform(.finish(name, offer.base)))
    }

    private static func file(_ side: Side, _ slot: Slot = 9) throws -> [UInt8] {
        let path = SnapshotFormat.path(of: slot, in: side.path)
        return try FileSystem.read(path, at: 0, count: Int(try FileSystem.fileLength(path)))
    }

    /// Either side ends behind each of the pieces, one after the other and behind all of them: what has come is not sent
    /// again.
    @Test(arguments: Ending.allCases)
    func endingAtEveryPieceResumes(_ ending: Ending) async throws {
        let scratch = try Scratch("taking")
        let (giver, receiver) = try Self.sides(scratch, bytes: 700_000)
        let offer = try await Self.offer(giver)
        let bytes = try #require(offer.snapshot?.bytes)
        let pieces = (Int(bytes) + Self.piece - 1) / Self.piece
        #expect(pieces == 15)
        let side = ending == .giver ? giver : receiver
        for place in 0...pieces {
            let sent = try await Self.move(offer, giver, receiver) { number in
                guard number == place || place == pieces else { return false }
                try side.begin()
                return true
            }
            #expect(sent == bytes, "ended behind \(place)")
            #expect(try Self.file(receiver) == Self.file(giver))
            try FileSystem.removeFile(SnapshotFormat.path(of: 9, in: receiver.path))
            try receiver.begin()
        }
        giver.end()
        receiver.end()
    }

    /// Whatever a power cut leaves of the file, what it holds is not sent again up to where it is contradicted.
    @Test(arguments: [0, 17, 39, 200, 50_000, 262_144, 262_700, 600_000, 700_100], [false, true])
    func aTornFileIsGoneOnWith(_ length: Int, isGarbled: Bool) async throws {
        let scratch = try Scratch("taking")
        let (giver, receiver) = try Self.sides(scratch, bytes: 700_000)
        let offer = try await Self.offer(giver)
        let bytes = try #require(offer.snapshot?.bytes)
        let name = try #require(offer.name)
        let path = SnapshotFormat.takePath(of: name, in: receiver.path)
        var left = Array(try Self.file(giver).prefix(length))
        if isGarbled, let last = left.indices.last { left[last] ^= 1 }
        try FileSystem.write(left, to: path)
        try receiver.begin()
        #expect(receiver.folder.begun == name)
        let missing = bytes - UInt64(left.count)
        let (sent, result) = try await Self.tryToMove(offer, giver, receiver)
        if result == .finished {
            // A whole chunk that is garbled is seen at once.
            #expect(isGarbled && length > 0 ? sent > missing : sent == missing)
        } else {
            #expect(isGarbled && sent == missing, "what nobody could know is met at the end")
            #expect(try await Self.move(offer, giver, receiver) <= bytes)
        }
        #expect(try Self.file(receiver) == Self.file(giver))
        giver.end()
        receiver.end()
    }

    /// It has its name, and is none before the log leads on from it; a process that begins meanwhile has it whole.
    @Test func itIsNoneBeforeItsBaseIsInstalled() async throws {
        let scratch = try Scratch("taking")
        let (giver, receiver) = try Self.sides(scratch, bytes: 1_000)
        let offer = try await Self.offer(giver)
        _ = try await Self.move(offer, giver, receiver)
        #expect(try receiver.folder.open().snapshots.isEmpty)
        #expect(try receiver.folder.open().unread.isEmpty)
        try receiver.begin()
        #expect(try receiver.folder.open().unread.isEmpty, "no older copy of the log is suspected")
        #expect(receiver.folder.begun == offer.name)
        let sent = try await Self.move(offer, giver, receiver)
        #expect(sent == 0)
        receiver.folder.noteTrimmed(through: 9)
        #expect(try receiver.folder.open().snapshots.map(\.name) == [offer.name])
        // And the process after that.
        var log = try Self.log()
        (log.committed, log.trimmed, log.promised) = (9, 9, Ballot(round: 3, node: 2))
        log.checkpoint = offer.base.checkpoint
        receiver.log = log
        try receiver.begin()
        #expect(try receiver.folder.open().snapshots.map(\.name) == [offer.name])
        let names = try FileSystem.listDirectory(receiver.path)
        #expect(names == [SnapshotFormat.path(of: 9, in: "").dropFirst()].map(String.init))
        giver.end()
        receiver.end()
    }

    /// A file that is not the one it is said to be never has the name, and nothing of it is left.
    @Test func anotherFileIsRefused() async throws {
        let scratch = try Scratch("taking")
        let (giver, receiver) = try Self.sides(scratch, bytes: 300_000)
        let offer = try await Self.offer(giver)
        let name = try #require(offer.name)
        let lie = SnapshotName(slot: 9, digest: name.digest &+ 1)
        let file = try Self.file(giver)
        let begun = await receiver.perform(.begin(lie, bytes: UInt64(file.count)))
        #expect(begun == .begun(through: 0))
        let written = await receiver.perform(.write(lie, offset: 0, bytes: file))
        #expect(written == .written)
        let kept = await receiver.perform(.finish(lie, offer.base))
        #expect(kept == .damaged)
        #expect(try FileSystem.listDirectory(receiver.path) == [])
        let other = try Self.base(9).withBallot(Ballot(round: 4, node: 2))
        _ = await receiver.perform(.begin(name, bytes: UInt64(file.count)))
        _ = await receiver.perform(.write(name, offset: 0, bytes: file))
        let foreign = await receiver.perform(.finish(name, other))
        #expect(foreign == .damaged, "of another base")
        #expect(try FileSystem.listDirectory(receiver.path) == [])
        giver.end()
        receiver.end()
    }

    /// Whoever has begun to take one gets the rest of it though newer ones took its place, until it is let go of; what
    /// is begun of the newer one takes the place of the older at the receiver.
    @Test func aNewerOneTakesThePlaceOfAnOlder() async throws {
        let scratch = try Scratch("taking")
        let (giver, receiver) = try Self.sides(scratch, bytes: 120_000)
        let offer = try await Self.offer(giver)
        let name = try #require(offer.name)
        let bytes = try #require(offer.snapshot?.bytes)
        _ = await receiver.perform(.begin(name, bytes: bytes))
        let first = await giver.perform(.read(name, offset: 0, maxBytes: Self.piece))
        guard case .piece(let part) = first else { return #expect(Bool(false), "\(first)") }
        _ = await receiver.perform(.write(name, offset: 0, bytes: part))
        for slot in [10, 11] as [Slot] { try Self.write(1_000, at: slot, in: giver) }
        #expect(try SnapshotFolder.slots(in: giver.path) == [11, 10])
        let held = await giver.perform(.read(name, offset: 50_000, maxBytes: Self.piece))
        #expect(held != .piece([]), "it is open")
        giver.courier.submit(.letGo(name)) { _ in }
        let gone = await giver.perform(.read(name, offset: 50_000, maxBytes: Self.piece))
        #expect(gone == .piece([]))
        let newer = try await Self.offer(giver)
        #expect(newer.base.slot == 11)
        _ = try await Self.move(newer, giver, receiver)
        let names = try FileSystem.listDirectory(receiver.path)
        #expect(names.filter { $0.hasSuffix(".take") }.isEmpty)
        #expect(try SnapshotFolder.slots(in: receiver.path) == [11])
        giver.end()
        receiver.end()
    }

    /// A rotten chunk is not given: whoever asks is told that it is not here, and offered the one before.
    @Test func whatIsRottenIsNotGiven() async throws {
        let scratch = try Scratch("taking")
        let (giver, receiver) = try Self.sides(scratch, bytes: 1_000)
        try Self.write(300_000, at: 10, in: giver)
        let path = SnapshotFormat.path(of: 10, in: giver.path)
        var file = try Self.file(giver, 10)
        file[200_000] ^= 1
        try FileSystem.write(file, to: path)
        let offer = try await Self.offer(giver)
        let name = try #require(offer.name)
        #expect(name.slot == 10)
        let read = await giver.perform(.read(name, offset: 0, maxBytes: Self.piece))
        #expect(read == .piece([]))
        #expect(try await Self.offer(giver).base.slot == 9)
        giver.end()
        receiver.end()
    }

    /// Of a large one no more than a piece is held on either side, counted and not measured.
    @Test func aLargeSnapshotTakesLittleMemory() async throws {
        let scratch = try Scratch("taking")
        let piece = 1 << 16
        let (giver, receiver) = try Self.sides(scratch, bytes: 256 * piece)
        let offer = try await Self.offer(giver)
        let sent = try await Self.move(offer, giver, receiver, piece: piece)
        #expect(sent == offer.snapshot?.bytes)
        #expect(receiver.courier.held.taken == sent)
        giver.end()
        receiver.end()
        // A piece counts until it is written; the next may be handed over at that moment.
        #expect(giver.peak <= 2 * piece && receiver.peak <= 2 * piece)
        #expect(giver.peak >= piece && receiver.peak >= piece)
    }
}

extension Base {
    fileprivate func withBallot(_ ballot: Ballot) -> Base {
        Base(
            slot: slot,
            ballot: ballot,
            membership: membership,
            membershipSlot: membershipSlot,
            state: state,
            prefix: prefix,
            digest: digest
        )
    }
}
