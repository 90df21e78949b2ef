import DiskShim

@testable import LMDB

/// What may be on the disk after a power cut in a session, and what is to be made of it.
struct SealImages {
    /// What happened, in one process after the other, each on what the cache held then.
    private(set) var disk: SealDisk
    /// The states that may be found: those that nobody was told of, and the last that somebody was.
    private(set) var legal: Set<Int>
    private var random: Xorshift
    /// All subsets, if they are no more.
    var exhaustive = 1024
    var drawn = 24
    private(set) var tried = 0
    private(set) var exhaustivePoints = 0
    private(set) var dropped = 0
    private(set) var violations: [String] = []
    /// Some of the images, for another life.
    private(set) var samples: [[UInt8]] = []
    var keepsSamples = 0

    init(on durable: [UInt8], legal: Set<Int>, seed: UInt64) {
        disk = SealDisk(durable)
        self.legal = legal
        random = Xorshift(state: seed | 1)
    }

    /// Lets a session happen up to an event, looking at images before each flush ends and at the end.
    ///
    /// Lets others run between two looks, since a session may take a minute of a thread that all tests share.
    mutating func play(_ session: SealSession, until end: Int? = nil, looks: Bool = true) async {
        var flushes: [Int: Int] = [:]
        var submitted = 0
        var receipted = 0
        let base = legal
        // What was found by a kill's successor is what was there; nobody is told before the first receipt.
        func allowed() -> Set<Int> {
            let last = session.contents.count - 1
            let states = Set(session.contents[min(receipted, last)...min(submitted, last)])
            return receipted == 0 ? base.union(states) : states
        }
        let events = session.events[..<(end ?? session.events.count)]
        for (index, event) in events.enumerated() {
            if case .mark(let kind, let value) = event {
                if kind == SealSession.submitted { submitted = Int(value) }
                if kind == SealSession.receipted { receipted = Int(value) }
                legal = allowed()
            }
            switch event {
            case .flushEnded, .synchronousWriteEnded:
                if looks {
                    look("event \(index)")
                    await Task.yield()
                }
            default: break
            }
            disk.apply(event, &flushes, index)
        }
        legal = allowed()
        if looks { look("the end") }
    }

    /// Tries what may be on the disk now.
    mutating func look(_ place: String) {
        guard violations.count < 5 else { return }
        let choices = disk.choices
        var product = 1
        for choice in choices where product <= exhaustive { product *= choice.versions.count }
        var tries: [[Int]] = []
        if product <= exhaustive {
            exhaustivePoints += 1
            tries = choices.reduce([[]]) { prefixes, choice in
                prefixes.flatMap { prefix in choice.versions.indices.map { prefix + [$0] } }
            }
        } else {
            let ends = (choices.map { _ in 0 }, choices.map { $0.versions.count - 1 })
            tries = [ends.0, ends.1]
            for _ in 0..<drawn {
                let index = Int(random.next(below: UInt64(choices.count)))
                var (alone, missing) = ends
                swap(&alone[index], &missing[index])
                // Every sector of all versions, and every one new but one or two.
                let all = choices.map { Int(random.next(below: UInt64($0.versions.count))) }
                tries += [all, missing, alone]
            }
        }
        let lengths = disk.cache.count > disk.durable.count ? [true, false] : [true]
        for versions in tries {
            for keeps in lengths {
                let image = disk.image(choices, versions, keepsLength: keeps)
                tried += 1
                if let text = judge(image) {
                    violations.append("\(place), \(versions), length kept \(keeps): \(text)")
                }
                // Each of those tried is as likely to be kept.
                if samples.count < keepsSamples {
                    samples.append(image)
                } else if keepsSamples > 0 {
                    let index = Int(random.next(below: UInt64(tried)))
                    if index < keepsSamples { samples[index] = image }
                }
            }
        }
    }

    /// What is wrong with an image; nil if it is as it must be.
    private mutating func judge(_ image: [UInt8]) -> String? {
        do throws(SealedState.Refusal) {
            let state = try SealedState(of: BytesSource(bytes: image))
            var found = image
            if case .dropped(let place, let number, let sector) = state.outcome {
                dropped += 1
                found.replaceSubrange(
                    place * ImageTree.pageSize..<place * ImageTree.pageSize + 512,
                    with: sector.bytes
                )
                let highest = state.sectors.map(\.meta.transaction).max() ?? 0
                let written: UInt64 = ImageTree.load(found, place * ImageTree.pageSize + 144)
                guard number >= highest, written == number else {
                    return "numbers go back to \(written)"
                }
            }
            // What LMDB opens: the newer one.
            let numbers: [UInt64] = [0, ImageTree.pageSize].map { ImageTree.load(found, $0 + 144) }
            let place = numbers[1] > numbers[0] ? 1 : 0
            do throws(ImageTree.Unsound) {
                let tree = try ImageTree(found, place: place)
                return legal.contains(tree.content) ? nil : "another state than was told"
            } catch {
                return "unsound: \(error)"
            }
        } catch {
            return "refused: \(error)"
        }
    }
}
