import DiskShim
import PaxosCore
import Platform
import TestSupport

/// Cuts the power at every point of a recording, and lets a check look at what may be left.
///
/// At each point every legal image is tried if they are few, else the sample that `CrashImages`
/// documents. Points whose event changes nothing on disk (a mark, the begin of a flush) are covered by
/// the point after: the images are the same, and no less was said. An image that was tried at a later
/// point is not tried again: what was said only grows. If there are more images than the limit, some
/// are left out: at every point the one that lost most and the one that lost nothing are kept, of the
/// others those that a seeded generator picks. If even these two of each point are more, points are left
/// out as well, by the same generator, so that three images a point can be tried.
struct Replay: Sendable {
    typealias Check = @Sendable (_ root: String, _ point: Int) async -> [String]

    struct Result: Sendable {
        var points = 0
        var exhaustivePoints = 0
        var legal = 0
        var tried = 0
        var violations: [String] = []
    }

    let recording: DiskRecording
    let scratch: Scratch
    let limit: Int
    let seed: UInt64
    /// Ends early once so many images have failed.
    var enough = 5
    /// Points before this one are left out.
    var first = 0
    /// Only every so many-th point, for controls.
    var every = 1

    private struct Candidate: Sendable {
        let point: Int
        let image: CrashImage
    }

    func run(_ check: @escaping Check) async throws -> Result {
        // What recovery writes into an image is thrown away with it: its flushes need not wait.
        let flushes = DiskFault(.flush, below: scratch.path, sticky: true, .skip)
        let metaWrites = DiskFault(.metaWrite, below: scratch.path, sticky: true, .skip)
        let syncs = DiskFault(.directorySync, below: scratch.path, sticky: true, .skip)
        defer { withExtendedLifetime((flushes.hits, metaWrites.hits, syncs.hits)) {} }
        var result = Result()
        let candidates = candidates(&result)
        var distinct = DistinctImages()
        var tried = 0
        var next = 0
        try await withThrowingTaskGroup(of: [String].self) { group in
            var running = 0
            while next < candidates.count || running > 0 {
                if next < candidates.count, running < 4, result.violations.count < enough {
                    let candidate = candidates[next]
                    next += 1
                    guard distinct.insert(candidate.image) else { continue }
                    let number = tried
                    group.addTask { try await look(at: candidate, number, check) }
                    tried += 1
                    running += 1
                } else if running > 0 {
                    if let found = try await group.next() { result.violations += found }
                    running -= 1
                } else {
                    break
                }
            }
        }
        result.tried = tried
        return result
    }

    private func look(
        at candidate: Candidate,
        _ number: Int,
        _ check: Check
    ) async throws -> [String] {
        let root = scratch.path + "/image-\(number)"
        try candidate.image.materialise(at: root)
        let found = await check(root, candidate.point)
        if found.isEmpty { try FileSystem.removeTree(root) }
        let choice = candidate.image.choice
        return found.map {
            "point \(candidate.point), names \(choice.names), lengths kept \(choice.keepsLengths), "
                + "\(choice.versions.count) sectors: \($0) [\(root)]"
        }
    }

    /// The images to try, those of the last point first.
    private func candidates(_ result: inout Result) -> [Candidate] {
        var state = CrashState(recording)
        var byPoint: [[Candidate]] = []
        for point in points {
            state.advance(to: point)
            var budget = CrashImages.Budget()
            budget.seed = seed &+ UInt64(point)
            budget.exhaustiveLimit = 128
            (budget.singles, budget.randoms) = makesDurable(point) ? (16, 16) : (2, 4)
            let images = CrashImages(state, budget: budget)
            result.points += 1
            result.exhaustivePoints += images.isExhaustive ? 1 : 0
            byPoint.append(images.images.map { Candidate(point: point, image: $0) })
        }
        result.legal = byPoint.reduce(0) { $0 + $1.count }
        return thin(byPoint.reversed())
    }

    /// The points to cut the power at.
    private var points: [Int] {
        let all = (0...recording.events.count).filter { point in
            point >= first && point % every == 0 && !isCoveredByNext(point)
        }
        guard all.count > limit / 2 else { return all }
        // One of every so many that follow each other.
        var generator = SplitMix64(seed: seed)
        let block = max(1, all.count / max(1, limit / 3))
        return stride(from: 0, to: all.count, by: block).map { start in
            all[start + Int(generator.next() % UInt64(min(block, all.count - start)))]
        }
    }

    /// The event that follows changes nothing that a crash could show.
    private func isCoveredByNext(_ point: Int) -> Bool {
        guard point < recording.events.count else { return false }
        return switch recording.events[point] {
        case .mark, .flushBegan, .failedWrite: true
        default: false
        }
    }

    /// The event that follows takes images away: here most of them are legal.
    private func makesDurable(_ point: Int) -> Bool {
        guard point < recording.events.count else { return true }
        return switch recording.events[point] {
        case .flushEnded, .synchronousWriteEnded: true
        default: false
        }
    }

    private func thin(_ byPoint: [[Candidate]]) -> [Candidate] {
        let all = byPoint.reduce(0) { $0 + $1.count }
        guard all > limit else { return byPoint.flatMap(\.self) }
        var generator = SplitMix64(seed: seed)
        let kept = byPoint.reduce(0) { $0 + min(2, $1.count) }
        let share = max(0, limit - kept)
        let others = max(1, all - kept)
        return byPoint.flatMap { candidates in
            // The first of a sample lost most, the last of the first few least.
            candidates.enumerated().filter { index, _ in
                index == 0 || index == candidates.count - 1
                    || generator.next() % UInt64(others) < UInt64(share)
            }.map(\.element)
        }
    }
}

/// Tells whether an image was seen before, by a hash of its names and bytes.
private struct DistinctImages {
    private var seen: Set<Int> = []

    mutating func insert(_ image: CrashImage) -> Bool {
        var hasher = Hasher()
        for path in image.directories { hasher.combine(path) }
        for (path, bytes) in image.files.sorted(by: { $0.key < $1.key }) {
            hasher.combine(path)
            bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        }
        return seen.insert(hasher.finalize()).inserted
    }
}
