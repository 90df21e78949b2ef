// Recovery: which transaction a file holds whole, as a function over its bytes. It reads and changes nothing; what
// is to be written before LMDB may open the file is part of the answer.
//
// N is the newest transaction whose seal is that of its meta page.
//
// (a) The other sector does not hold the transaction before N: N + 1 had begun, and N was flushed. N + 1 never was.
// (b) The pages that N's seal counts are there: N is whole.
// (c) They are not, N is not confirmed, and the transaction before is sealed: the power went in N's flush, and nobody
//     was told of N.
// (d) Else it is rot, or the work of another program.
//
// Where a transaction is dropped, in (a) and (c), its sector is written over by one write with the roots of the
// one before, under the same number: numbers that went back would leak pages, and LMDB may have given them out.

/// What recovery finds in a file.
struct SealedState: Sendable {
    /// What is to be done.
    enum Outcome: Hashable, Sendable {
        /// No transaction was sealed yet.
        case unsealed
        /// The newest one is whole. These are its new pages.
        case whole(place: Int, runs: [PageRun])
        /// The newest one was never receipted: its place is to be written over by these bytes.
        case dropped(place: Int, transaction: UInt64, by: MetaSector)
    }

    /// Why none is taken.
    enum Refusal: Error, Hashable, Sendable {
        /// An empty file, or of another format: LMDB judges it, and its commits are LMDB's own.
        case foreign
        case damage(SealDamage)
        /// The newest transaction was confirmed, and its pages are not as they were: this is its place.
        case rot(place: Int)
        case read(LMDBError)
    }

    let outcome: Outcome
    /// With what was written over.
    var sectors: [MetaSector]
    let pageSize: Int

    /// The place whose state is taken.
    var place: Int {
        switch outcome {
        case .unsealed:
            sectors[1].meta.transaction > sectors[0].meta.transaction ? 1 : 0
        case .whole(let place, _): place
        case .dropped(let place, _, _): 1 - place
        }
    }

    static func pageSize<Source: PageSource>(of source: Source) throws(Refusal) -> Int {
        let first = try read(source, at: 0, count: MetaPage.sector)
        guard first.withUnsafeBytes({ MetaPage.begins($0) }) else { throw .foreign }
        guard let size = first.withUnsafeBytes({ MetaPage.pageSize($0) }) else {
            throw .damage(SealDamage("the first meta page"))
        }
        return size
    }

    static func sectors<Source: PageSource>(
        of source: Source,
        pageSize: Int
    ) throws(Refusal) -> [MetaSector] {
        var sectors: [MetaSector] = []
        for place in 0...1 {
            let bytes = try read(source, at: place * pageSize, count: MetaPage.sector)
            guard let sector = MetaSector(bytes, place: place) else {
                throw .damage(SealDamage("the \(place == 0 ? "first" : "second") meta page"))
            }
            sectors.append(sector)
        }
        return sectors
    }

    /// Looks at a file that nobody writes to.
    init<Source: PageSource>(of source: Source) throws(Refusal) {
        pageSize = try Self.pageSize(of: source)
        sectors = try Self.sectors(of: source, pageSize: pageSize)
        let judgement: SealJudgement
        do throws(SealDamage) {
            judgement = try SealJudgement(sectors)
        } catch {
            throw .damage(error)
        }
        switch judgement {
        case .unsealed: outcome = .unsealed
        case .flushed(let place):
            let number = sectors[place].meta.transaction + 1
            outcome = Self.dropping(1 - place, of: sectors, number: number)
        case .inQuestion(let place):
            outcome = try Self.decide(place, of: sectors, in: source, pageSize: pageSize)
        }
    }

    private static func dropping(_ place: Int, of sectors: [MetaSector], number: UInt64) -> Outcome
    {
        guard let seal = sectors[1 - place].seal else { preconditionFailure("a seal is gone") }
        let bytes = sectors[place].holding(
            sectors[1 - place],
            number: number,
            beginning: seal.beginning
        )
        return .dropped(place: place, transaction: number, by: bytes)
    }

    private static func decide<Source: PageSource>(
        _ place: Int,
        of sectors: [MetaSector],
        in source: Source,
        pageSize: Int
    ) throws(Refusal) -> Outcome {
        guard let seal = sectors[place].seal else { preconditionFailure("a seal is gone") }
        var walk = TreeWalk(
            from: sectors[1 - place].meta,
            to: sectors[place].meta,
            most: seal.pages,
            in: source,
            pageSize: pageSize
        )
        do throws(TreeWalk<Source>.Failure) {
            try walk.walk()
            if walk.pages == seal.pages, walk.digest.value == seal.digest {
                return .whole(place: place, runs: walk.runs)
            }
        } catch {
            switch error {
            case .new: break
            case .old where seal.isConfirmed: break
            case .old(let page):
                throw .damage(SealDamage("page \(page) of the transaction before the last"))
            case .read(let error): throw .read(error)
            }
        }
        guard !seal.isConfirmed else { throw .rot(place: place) }
        guard sectors[1 - place].seal != nil else {
            throw .damage(SealDamage("pages of the first sealed transaction"))
        }
        return dropping(place, of: sectors, number: seal.number)
    }

    private static func read<Source: PageSource>(
        _ source: Source,
        at place: Int,
        count: Int
    ) throws(Refusal) -> [UInt8] {
        do throws(LMDBError) {
            return try source.bytes(at: place, count: count)
        } catch {
            throw .read(error)
        }
    }
}

extension SealedState.Refusal: CustomStringConvertible {
    var description: String {
        switch self {
        case .foreign: "no file of this format"
        case .damage(let damage): damage.description
        case .rot: "pages of the last transaction, which had been flushed, are not as they were"
        case .read(let error): "\(error)"
        }
    }
}
