import PaxosCore

/// The legal outcomes of a power cut at one point of a recording.
///
/// Three things are chosen: the version of every dirty sector, whether files keep the lengths that
/// no flush covered (all or none), and how many of the unsynced changes of names survive. If all
/// combinations number at most `exhaustiveLimit`, all are produced, each once. Otherwise a sample,
/// the same on every run:
/// - no sector, every sector; every one alone, every one missing (at most `singles` of either,
///   evenly spread);
/// - each write whole or not at all: every subset of up to eight writes, of more the first so many
///   and each alone;
/// - `randoms` random versions of all sectors, from `seed`;
///
/// each with lengths kept and lost, and with all and none of the names' changes; and the first two
/// with every number of names' changes.
package struct CrashImages: Sendable {
    struct Sector: Sendable {
        let file: Int
        let dirty: CrashFile.DirtySector
    }

    /// How much is produced.
    package struct Budget: Sendable {
        package var exhaustiveLimit = 1024
        package var singles = 128
        package var randoms = 64
        package var seed: UInt64 = 1

        package init() {}
    }

    private let state: CrashState
    private let sectors: [Sector]
    private let lengthsDiffer: Bool
    private let budget: Budget

    /// Looks at a state; the state may go on.
    package init(_ state: CrashState, budget: Budget = Budget()) {
        self.state = state
        self.budget = budget
        let files = state.files.sorted { $0.key < $1.key }
        sectors = files.flatMap { number, file in
            file.dirtySectors.map { Sector(file: number, dirty: $0) }
        }
        lengthsDiffer = files.contains { $0.value.lengths.lost != $0.value.lengths.kept }
    }

    /// The images at a point of a recording: after so many events.
    package init(_ recording: DiskRecording, crashAt point: Int, budget: Budget = Budget()) {
        var state = CrashState(recording)
        state.advance(to: point)
        self.init(state, budget: budget)
    }

    /// How many sectors may be found in more than one version.
    package var dirtySectorCount: Int { sectors.count }

    /// Whether `images` holds every legal image of this model.
    package var isExhaustive: Bool {
        var product = (state.names.pendingCount + 1) * (lengthsDiffer ? 2 : 1)
        for sector in sectors {
            guard product <= budget.exhaustiveLimit else { return false }
            product *= sector.dirty.count - sector.dirty.floor + 1
        }
        return product <= budget.exhaustiveLimit
    }

    /// The images, each once, in a fixed order.
    package var images: [CrashImage] {
        let pending = state.names.pendingCount
        var choices: [CrashImage.Choice] = []
        var seen: Set<CrashImage.Choice> = []
        func add(_ versions: [Int], names: some Sequence<Int>) {
            for names in names {
                for keeps in lengthsDiffer ? [false, true] : [true] {
                    let choice = CrashImage.Choice(
                        names: names,
                        keepsLengths: keeps,
                        versions: versions
                    )
                    if seen.insert(choice).inserted { choices.append(choice) }
                }
            }
        }
        if isExhaustive {
            for versions in everyVersion { add(versions, names: 0...pending) }
        } else {
            add(floors, names: 0...pending)
            add(ceilings, names: 0...pending)
            for versions in singleVersions + wholeWrites + randomVersions {
                add(versions, names: [0, pending])
            }
        }
        return choices.map { CrashImage(choice: $0, state: state, sectors: sectors) }
    }

    private var floors: [Int] { sectors.map(\.dirty.floor) }
    private var ceilings: [Int] { sectors.map(\.dirty.count) }

    private var everyVersion: [[Int]] {
        sectors.reduce([[]]) { prefixes, sector in
            prefixes.flatMap { prefix in
                (sector.dirty.floor...sector.dirty.count).map { prefix + [$0] }
            }
        }
    }

    private var singleVersions: [[Int]] {
        let step = max(1, (sectors.count + budget.singles - 1) / max(1, budget.singles))
        return stride(from: 0, to: sectors.count, by: step).flatMap { index in
            var (alone, missing) = (floors, ceilings)
            swap(&alone[index], &missing[index])
            return [alone, missing]
        }
    }

    private var wholeWrites: [[Int]] {
        // A write counts as open if some sector may be without it.
        let writes = Set(sectors.flatMap { $0.dirty.writes.dropFirst($0.dirty.floor) }).sorted()
        let subsets: [Set<Int>]
        if writes.count <= 8 {
            subsets = (0..<(1 << writes.count)).map { bits in
                Set(writes.indices.filter { bits & (1 << $0) != 0 }.map { writes[$0] })
            }
        } else {
            subsets = writes.indices.flatMap { [Set(writes[...$0]), [writes[$0]]] }
        }
        return subsets.map { subset in
            sectors.map { sector in
                let last = sector.dirty.writes.lastIndex { subset.contains($0) }
                return max(sector.dirty.floor, last.map { $0 + 1 } ?? 0)
            }
        }
    }

    private var randomVersions: [[Int]] {
        var generator = SplitMix64(seed: budget.seed)
        return (0..<budget.randoms).map { _ in
            sectors.map {
                Int.random(in: $0.dirty.floor...$0.dirty.count, using: &generator)
            }
        }
    }
}
