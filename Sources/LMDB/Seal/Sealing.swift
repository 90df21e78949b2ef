internal import CLMDB

// A sealed commit: LMDB writes the pages and then the meta page, all without waiting (`MDB_NOSYNC`); the pages that
// are new are read back from the cache and a checksum of them is put behind the meta page; one flush; and only
// then it is done. What a crash in between leaves is told apart by recovery (SealedState.swift).
//
// The next commit must not write its meta page before that flush has returned: recovery infers from it that the
// one before is on the disk. So the writer's turn is held until then.
//
// What an opening finds whole may be so in the cache alone: a kill leaves pages there that were never flushed, and a
// flush that failed leaves pages that pass for flushed. So before the first write they are written once more,
// unchanged, and flushed.
//
// On a file without a seal nothing would tell a crash from a whole transaction, so its first one is committed with
// LMDB's own two flushes, then sealed. Before it both meta pages are written once more and flushed: one that is in the
// cache alone would be older on the disk than the seal names.

/// Seals the commits of one environment. Used with the writer's turn held.
final class Sealing {
    private let env: OpaquePointer
    private let file: OpenFile
    private let pageSize: Int
    /// Kept: its room is large enough to cost page faults each time.
    private let reader: PageReader<OpenFile>
    /// What stands in the file, as written by us.
    private var sectors: [MetaSector]
    /// Of the file's first sealed transaction; nil before there is one.
    private var beginning: UInt64?
    /// What is to be written once more before anything else is.
    private var unconfirmed: Unconfirmed?
    /// Nothing is written any more.
    private(set) var isPoisoned = false
    /// Pages that the seal of the last commit took to read.
    private(set) var pagesRead = 0

    private enum Unconfirmed {
        case metaPages
        case transaction(place: Int, runs: [PageRun])
    }

    /// Of an environment that was recovered and is open.
    init(env: OpaquePointer, state: SealedState) {
        self.env = env
        file = OpenFile(descriptor: Raw.descriptor(env))
        pageSize = state.pageSize
        reader = PageReader(source: file, pageSize: pageSize)
        sectors = state.sectors
        switch state.outcome {
        case .unsealed: unconfirmed = .metaPages
        case .whole(let place, let runs):
            beginning = sectors[place].seal?.beginning
            unconfirmed = .transaction(place: place, runs: runs)
        case .dropped(_, _, let sector): beginning = sector.seal?.beginning
        }
        setNoSync(beginning != nil)
    }

    private func setNoSync(_ on: Bool) {
        let code = mdb_env_set_flags(env, UInt32(MDB_NOSYNC), on ? 1 : 0)
        precondition(code == MDB_SUCCESS, "LMDB changes this flag at any time")
    }

    /// As LMDB decides.
    private var newest: Int { sectors[1].meta.transaction > sectors[0].meta.transaction ? 1 : 0 }

    func poison() { isPoisoned = true }

    func check() throws(LMDBError) {
        if isPoisoned { throw .panic }
    }

    // MARK: - Before a transaction

    /// What was found at opening is on the disk when this returns.
    func begin() throws(LMDBError) {
        try check()
        guard let found = unconfirmed else { return }
        do throws(LMDBError) {
            switch found {
            case .metaPages:
                for place in 0...1 { try write(sectors[place].bytes, of: place) }
            case .transaction(let place, let runs):
                try writeBack(runs, of: place)
            }
            try file.flush()
        } catch {
            poison()
            throw error
        }
        unconfirmed = nil
    }

    private func writeBack(_ runs: [PageRun], of place: Int) throws(LMDBError) {
        var digest = Digest()
        var room = [UInt8](repeating: 0, count: 64 * pageSize)
        for run in runs {
            digest.add(page: run.page, pages: run.pages)
            var done: UInt64 = 0
            while done < run.pages {
                let pages = Int(min(run.pages - done, 64))
                let offset = Int(run.page + done) * pageSize
                let failure = room.withUnsafeMutableBytes { room -> LMDBError? in
                    let part = UnsafeMutableRawBufferPointer(rebasing: room[..<(pages * pageSize)])
                    do throws(LMDBError) {
                        let got = try file.read(at: offset, into: part)
                        guard got == part.count else { return .corrupted }
                        digest.add(UnsafeRawBufferPointer(part))
                        try file.write(UnsafeRawBufferPointer(part), at: offset)
                        return nil
                    } catch {
                        return error
                    }
                }
                if let failure { throw failure }
                done += UInt64(pages)
            }
        }
        // As they were looked at.
        guard digest.value == sectors[place].seal?.digest else { throw .corrupted }
        try write(sectors[place].bytes, of: place)
    }

    private func write(
        _ bytes: [UInt8],
        of place: Int,
        from offset: Int = 0,
        to file: OpenFile? = nil
    ) throws(LMDBError) {
        try (file ?? self.file).write(bytes, at: place * pageSize + offset)
    }

    // MARK: - After a transaction

    /// Makes what LMDB has committed durable; nothing, if that was an empty transaction.
    func seal() throws(LMDBError) {
        do throws(LMDBError) {
            guard let found = try committed() else { return }
            let place = 1 - newest
            let before = sectors[newest]
            var walk = TreeWalk(from: before.meta, to: found.meta, by: reader)
            do {
                try walk.walk()
            } catch {
                throw Self.code(of: error)
            }
            pagesRead = walk.read
            let isFirst = beginning == nil
            let seal = Seal(
                of: found.meta,
                after: before.meta,
                beginning: beginning ?? found.meta.transaction,
                pages: walk.pages,
                digest: walk.digest.value
            )
            try write(seal.bytes, of: place, from: Seal.place)
            try file.flush()
            sectors[place] = found.sealed(seal)
            beginning = seal.beginning
            if isFirst { setNoSync(true) }
        } catch {
            poison()
            throw error
        }
    }

    /// The sector of the transaction that was just committed; nil if there was none.
    private func committed() throws(LMDBError) -> MetaSector? {
        let last = newest
        let place = 1 - last
        guard
            try file.bytes(at: last * pageSize, count: MetaPage.sector).hasSame(sectors[last].bytes)
        else { throw .corrupted }
        let now = try file.bytes(at: place * pageSize, count: MetaPage.sector)
        if now.hasSame(sectors[place].bytes) { return nil }
        // Of the place's last transaction stays the seal.
        guard let other = sectors[place].overwritten(by: now, place: place),
            other.meta.transaction == sectors[last].meta.transaction + 1
        else { throw .corrupted }
        return other
    }

    private func read(_ file: OpenFile) throws(LMDBError) -> [MetaSector] {
        var sectors: [MetaSector] = []
        for place in 0...1 {
            let bytes = try file.bytes(at: place * pageSize, count: MetaPage.sector)
            guard let sector = MetaSector(bytes, place: place) else { throw .corrupted }
            sectors.append(sector)
        }
        return sectors
    }

    private static func code(of failure: TreeWalk<OpenFile>.Failure) -> LMDBError {
        switch failure {
        case .new, .old: .corrupted
        case .read(let error): error
        }
    }

    /// Whether the last transaction is sealed and not yet marked as confirmed.
    var canConfirm: Bool {
        guard !isPoisoned, unconfirmed == nil, let seal = sectors[newest].seal else { return false }
        return !seal.isConfirmed
    }

    /// Marks the last transaction: its flush has returned.
    func confirm() throws(LMDBError) {
        try check()
        guard canConfirm, var seal = sectors[newest].seal else { return }
        let place = newest
        seal.isConfirmed = true
        do throws(LMDBError) {
            try write(seal.bytes, of: place, from: Seal.place)
            try file.flush()
        } catch {
            poison()
            throw error
        }
        sectors[place] = sectors[place].sealed(seal)
    }
}

// MARK: - Copies

extension Sealing {
    /// Seals a copy anew that LMDB has made of the environment: it holds the state of the copy's newest meta page
    /// whole; the seal there may be that of an earlier transaction, since it is written behind the meta page. So both
    /// places get the newest state.
    ///
    /// That state is durable in the environment itself: whoever has the writer's turn has flushed it, and what was
    /// found at opening is made so by `begin()`.
    func sealCopy(_ descriptor: Int32) throws(LMDBError) {
        try check()
        guard beginning != nil else { return }
        let copy = OpenFile(descriptor: descriptor)
        let sectors = try read(copy)
        let place = sectors[1].meta.transaction > sectors[0].meta.transaction ? 1 : 0
        let newest = sectors[place]
        guard newest.meta.transaction > 0 else { return }
        let number = newest.meta.transaction - 1
        let older = sectors[1 - place].holding(newest, number: number, beginning: number)
        let seal = Seal(
            of: newest.meta,
            after: older.meta,
            beginning: number,
            roots: newest.roots
        )
        try write(older.bytes, of: 1 - place, to: copy)
        try write(newest.sealed(seal).bytes, of: place, to: copy)
    }
}
