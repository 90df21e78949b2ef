internal import PaxosCore
internal import Platform

/// How far the data file may still grow, and the runway ahead of it.
///
/// The file is kept filled with zeros beyond its last page. Blocks that were written once are flushed
/// without the file system's journal (docs/STORAGE.md), and a full disk shows here, between two
/// transactions, instead of inside a commit, where its errno would be final (`R79`).
///
///     0 ............ used .......... length                    the file
///       pages, some free  | zeros |
///
/// Under a load of large transactions the room ahead is allocated and not written.
///
/// Three rules make ENOSPC inside a commit practically impossible (on file systems that overwrite in
/// place; btrfs and zfs give no such promise):
///
/// - before a transaction the file reaches at least as far as the transaction can (`cover`);
/// - when it cannot be extended and what is left falls below `reserve`, the store says full while
///   there is still room to finish what is in flight;
/// - zeros are written ahead of need, in steps, and on the append path without a flush of their own.
///
/// `reserve` is what the proposals in flight can take, written twice (once proposed, once proposed again
/// by another leader): 2 x (pipelineBytes + pipelineSlots x 128) for rows and their share of the tree,
/// and 1 MiB for what every transaction touches; at most a quarter of the map.
struct DiskSpace {
    /// What opening and creating fill at once.
    static let runwayAtOpen = 8 << 20
    /// The step of an idle store, and the least of one under load.
    static let step = 1 << 20
    static let largestStep = 4 << 20
    /// A transaction that grows the file by so much is bound by the disk's bandwidth and the processor, and
    /// writing each block twice costs more than it saves: then the room is only allocated.
    static let bulk = 96 << 10

    let path: String
    let descriptor: Int32
    let pageSize: Int
    let mapBytes: Int
    let runway: Int
    let reserve: Int
    /// Pages in use beyond this many bytes make the store full.
    let softLimit: Int

    private(set) var length: Int
    /// No byte beyond it can be written, whatever the file's length (`ulimit -f`).
    private var limit = FileLimit.bytes
    /// The end of the last page ever used, and the bytes of the pages in use.
    private(set) var used = 0
    private(set) var live = 0
    private var grown = 0
    /// The most that a transaction was covered for.
    private var largest = 0
    /// What the file system had left when it was looked at last, and where the file stood then.
    private var free = UInt64.max
    private var usedAtLook = 0
    /// The last extension found the disk full.
    private(set) var isOutOfDisk = false
    private var isFilling = true
    private(set) var extensions: UInt64 = 0
    private(set) var written: UInt64 = 0
    /// Of the thread that extends: the runway is no part of what a commit writes.
    private var writes: ThreadWrites?

    init(
        path: String,
        descriptor: Int32,
        pageSize: Int,
        mapBytes: Int,
        length: Int,
        storage: StorageOptions,
        limits: Limits
    ) {
        self.path = path
        self.descriptor = descriptor
        self.pageSize = pageSize
        self.mapBytes = mapBytes
        self.length = length
        runway = storage.runwayBytes
        let inFlight = 2 * (limits.pipelineBytes + limits.pipelineSlots * 128) + 1 << 20
        reserve = min(inFlight, mapBytes / 4)
        let limit = mapBytes / 100 * storage.softLimitPercent
        softLimit = min(limit, mapBytes - min(reserve, mapBytes / 8))
    }

    /// After a commit: where the last page is now, and how many pages are in use.
    mutating func note(used: Int, livePages: Int) {
        grown = self.used == 0 ? 0 : max(0, used - self.used)
        assert(used <= length, "a transaction went beyond what was covered for it")
        self.used = used
        live = min(used, livePages * pageSize)
        if used - usedAtLook >= Self.step { look() }
    }

    var runwayLeft: Int { max(0, length - used) }
    /// What a transaction may take at the end of the file as it is.
    var left: Int { max(0, min(length, limit) - used) }
    private var target: Int { min(mapBytes, used + runway) }

    // MARK: - Full

    /// The map's soft limit is met: the free pages inside count as room.
    var isMapFull: Bool { live > softLimit }

    /// What is left of file and disk is needed for what is in flight.
    var isDiskFull: Bool {
        guard length < mapBytes || limit < mapBytes else { return false }
        let inside = max(0, min(length, limit) - live)
        if inside >= reserve { return false }
        if isOutOfDisk || length >= limit { return true }
        return UInt64(inside) + min(free, 1 << 62) < UInt64(reserve)
    }

    /// Asks the file system what it has left: once for each step, not for each commit.
    private mutating func look() {
        free = (try? FileSystem.freeSpace(path)) ?? .max
        limit = FileLimit.bytes
        usedAtLook = used
    }

    var isFull: Bool { isMapFull || isDiskFull }

    // MARK: - Extending

    enum Outcome: Equatable {
        case done
        case full
    }

    /// Makes the file reach as far as a transaction of so many bytes of pages can: always, whatever the
    /// runway. A page that is taken and freed within one transaction is never written, so this also
    /// keeps the file from ending before its last page, which the next open would take for truncated.
    mutating func cover(_ bytes: Int) throws(PosixError) -> Outcome {
        largest = max(largest, bytes)
        let end = min(mapBytes, used + bytes)
        // Beyond the limit what is within the file cannot be written either, and inside a commit that
        // would be final.
        guard end <= limit else {
            isOutOfDisk = true
            return .full
        }
        return end <= length ? .done : try extend(to: end)
    }

    /// Under load: a step, at least as far as the last transaction grew, when a sixteenth of the
    /// runway is left: less than what an opening fills, so that a fresh node does not begin with it. But
    /// never less than for two transactions as they come: a quota that nobody sees beforehand is met while
    /// what is in flight still has room.
    mutating func keepAhead() throws(PosixError) {
        guard runwayLeft < max(runway / 16, 2 * largest), length < target, !isOutOfDisk else {
            return
        }
        let step = min(max(Self.step, 2 * grown), Self.largestStep)
        _ = try extend(to: min(target, length + step), byZeros: grown < Self.bulk)
    }

    /// Whether an idle store has something to fill: begun when a quarter is used up, and then done to
    /// the end, so that a store that hardly writes hardly fills.
    mutating func wantsFilling() -> Bool {
        if length >= target {
            isFilling = false
        } else if runwayLeft < runway / 4 * 3 {
            isFilling = true
        }
        return isFilling && !isOutOfDisk
    }

    /// What an opening fills before anybody waits for it.
    mutating func fillAtOpen() throws(PosixError) {
        let end = min(target, used + Self.runwayAtOpen)
        if length < end { _ = try extend(to: end) }
    }

    /// From here on counts what the store thread writes.
    mutating func beginCounting(_ writes: ThreadWrites) {
        self.writes = writes
        written = 0
        extensions = 0
    }

    mutating func fillStep() throws(PosixError) -> Outcome {
        length < target ? try extend(to: min(target, length + Self.step)) : .done
    }

    /// Tries the disk again: up to the reserve and a step, so that the answer lasts.
    mutating func retry() throws(PosixError) {
        isOutOfDisk = false
        defer { look() }
        let wanted = min(mapBytes, used + runway)
        while length < wanted, length - live < reserve + Self.step {
            if try extend(to: min(wanted, length + Self.step)) == .full { return }
        }
    }

    private mutating func extend(
        to end: Int,
        byZeros: Bool = true
    ) throws(PosixError) -> Outcome {
        do throws(PosixError) {
            if !byZeros, try reserve(to: end) { return .done }
            let added = try lay(to: end)
            length = max(length, end)
            written += UInt64(added)
            extensions += 1
            isOutOfDisk = false
            look()
            return .done
        } catch {
            guard error.isFull else { throw error }
            length = max(length, Int(try FileSystem.fileLength(path)))
            isOutOfDisk = true
            look()
            return .full
        }
    }

    private func lay(to end: Int) throws(PosixError) -> Int64 {
        func lay() throws(PosixError) -> Int64 {
            try ZeroRunway.extend(
                descriptor: descriptor,
                path: path,
                from: Int64(length),
                to: Int64(end)
            )
        }
        return if let writes { try writes.excluding(lay) } else { try lay() }
    }

    private mutating func reserve(to end: Int) throws(PosixError) -> Bool {
        let isReserved = try ZeroRunway.reserve(
            descriptor: descriptor,
            path: path,
            from: Int64(length),
            to: Int64(end)
        )
        guard isReserved else { return false }
        length = max(length, end)
        extensions += 1
        look()
        return true
    }
}
