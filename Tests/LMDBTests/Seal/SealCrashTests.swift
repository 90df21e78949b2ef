import DiskShim
import Platform
import TestSupport
import Testing

@testable import LMDB

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The power is cut in sealed commits, and whatever may be on the disk then is recovered from: the last transaction
/// that was told is there, whole, and no image is refused.
///
/// `SEAL_TIMES=20` tries so many times more, and kills at every point.
@Suite(.computing, .serialized) struct SealCrashTests {
    private static let times = getenv("SEAL_TIMES").flatMap { Int(String(cString: $0)) } ?? 1

    private func expectNone(_ name: String, _ images: SealImages) {
        print(
            "\(name): \(images.tried) images, \(images.exhaustivePoints) points exhaustive, "
                + "\(images.dropped) transactions dropped, \(images.violations.count) violations"
        )
        for violation in images.violations { Issue.record("\(name): \(violation)") }
    }

    /// From the first transaction of a new file on.
    private func first(
        _ style: SealSession.Style,
        _ transactions: Int,
        seed: UInt64,
        confirms: Bool = false
    ) throws -> (file: [UInt8], content: Int) {
        let session = try SealSession(
            on: nil,
            style,
            transactions: transactions,
            seed: seed,
            confirms: confirms
        )
        return (session.after, try #require(session.contents.last))
    }

    @Test(.tags(.slow), arguments: SealSession.Style.allCases)
    func aTransactionThatWasToldIsThere(_ style: SealSession.Style) async throws {
        for seed in 1...UInt64(Self.times) {
            let (file, content) = try first(style, 3, seed: seed)
            let session = try SealSession(
                on: file,
                style,
                transactions: style == .deep ? 40 : 16,
                seed: seed &* 77,
                confirms: true
            )
            #expect(session.failure == nil)
            var images = SealImages(on: session.before, legal: [content], seed: seed)
            images.exhaustive = style == .tiny ? 20_000 : 256
            await images.play(session)
            expectNone("\(style)", images)
            #expect(images.dropped > images.tried / 20)
            if style == .tiny { #expect(images.exhaustivePoints > 16) }
        }
    }

    /// A file that was written without seals, as a copy or one made anew.
    @Test(.tags(.slow), arguments: SealSession.Style.allCases)
    func theFirstSealedTransactionIsSafe(_ style: SealSession.Style) async throws {
        for seed in 1...UInt64(Self.times) {
            let directory = try SealDirectory()
            do {
                let environment = try Environment.open(
                    path: directory.data,
                    options: .init(mapSize: 64 << 20)
                )
                let table = try environment.openDatabase("t", keys: [UInt8].self)
                for number in 1...3 as ClosedRange<UInt64> {
                    try environment.withWrite { txn in
                        try txn.put([1], for: bytes(number), in: table)
                    }
                }
            }
            let session = try SealSession(
                on: try directory.bytes(),
                style,
                transactions: 4,
                seed: seed
            )
            var images = SealImages(on: session.before, legal: [session.contents[0]], seed: seed)
            await images.play(session)
            expectNone("unsealed, \(style)", images)
        }
    }

    /// A process is killed at every point of its writing; the next one finds in the cache what it wrote, and the
    /// power is cut while that one recovers, makes its first commit, or goes on.
    @Test(.tags(.slow), arguments: SealSession.Style.allCases)
    func aKillBeforeThePowerCut(_ style: SealSession.Style) async throws {
        for seed in 1...UInt64(Self.times) {
            let (file, content) = try first(style, 5, seed: seed)
            let session = try SealSession(
                on: file,
                style,
                transactions: style == .deep ? 12 : 4,
                seed: seed &* 31
            )
            var tried = 0
            var dropped = 0
            // Some of them, others with another seed.
            let step = Self.times > 1 ? 1 : style == .deep ? 4 : 2
            for point in session.events.indices
            where Self.changes(session.events[point]) && point % step == Int(seed) % step {
                var images = SealImages(on: session.before, legal: [content], seed: seed)
                (images.exhaustive, images.drawn) = (64, 4)
                await images.play(session, until: point + 1, looks: false)
                try await continueAfter(&images, style, seed: seed, "kill after \(point)")
                tried += images.tried
                dropped += images.dropped
            }
            print("kill, \(style): \(tried) images, \(dropped) dropped")
            #expect(tried > 100)
        }
    }

    private static func changes(_ event: DiskEvent) -> Bool {
        switch event {
        case .write, .flushEnded: true
        default: false
        }
    }

    /// Another process on what the cache holds.
    private func continueAfter(
        _ images: inout SealImages,
        _ style: SealSession.Style,
        seed: UInt64,
        _ name: String
    ) async throws {
        let next = try SealSession(on: images.disk.cache, style, transactions: 3, seed: seed &+ 5)
        #expect(next.failure == nil, "\(name): \(String(describing: next.failure))")
        #expect(images.legal.contains(next.contents[0]), "\(name): another state was opened")
        await images.play(next)
        for violation in images.violations { Issue.record("\(name): \(violation)") }
    }

    /// The cache passes for flushed and is not; or the meta page or the seal could not be written.
    @Test(
        .tags(.slow),
        arguments: SealSession.Style.allCases,
        [DiskOperation.flush, .metaWrite, .sealWrite, .write]
    )
    func aFailureBeforeThePowerCut(
        _ style: SealSession.Style,
        _ operation: DiskOperation
    ) async throws {
        for seed in 1...UInt64(Self.times) {
            let (file, content) = try first(style, 5, seed: seed)
            var (tried, failed) = (0, 0)
            for nth in 1...5 as ClosedRange<UInt64> {
                for isShort in operation == .write ? [false, true] : [false] {
                    let session = try SealSession(
                        on: file,
                        style,
                        transactions: 4,
                        seed: seed &* 31,
                        fault: (operation, nth, isShort ? .short(bytes: 64) : .fail(errno: EIO))
                    )
                    guard session.failure != nil else { continue }
                    failed += 1
                    var images = SealImages(on: session.before, legal: [content], seed: seed)
                    (images.exhaustive, images.drawn) = (64, 6)
                    await images.play(session)
                    try await continueAfter(
                        &images,
                        style,
                        seed: seed,
                        "\(operation) \(nth) \(isShort)"
                    )
                    tried += images.tried
                }
            }
            print("\(operation) fails, \(style): \(failed) times, \(tried) images")
            #expect(failed >= 3 && tried > 100)
        }
    }

    /// The power goes again and again, in recoveries from what it left before.
    @Test(.tags(.slow), arguments: SealSession.Style.allCases)
    func powerCutsInARow(_ style: SealSession.Style) async throws {
        for seed in 1...UInt64(Self.times) {
            let (file, content) = try first(style, 4, seed: seed)
            var open: [(image: [UInt8], legal: Set<Int>)] = [(file, [content])]
            var (tried, dropped, begunAnew) = (0, 0, 0)
            for life in 1...4 as ClosedRange<UInt64> {
                var next: [(image: [UInt8], legal: Set<Int>)] = []
                for (image, legal) in open {
                    if Self.dropsOne(image) { begunAnew += 1 }
                    let session = try SealSession(
                        on: image,
                        style,
                        transactions: 3,
                        seed: seed &* 13 &+ life
                    )
                    #expect(session.failure == nil)
                    #expect(legal.contains(session.contents[0]))
                    var images = SealImages(on: image, legal: legal, seed: seed &+ life)
                    (images.exhaustive, images.drawn) = (64, 6)
                    await images.play(session)
                    for violation in images.violations {
                        Issue.record("life \(life): \(violation)")
                    }
                    tried += images.tried
                    dropped += images.dropped
                    // Where it ended early, and what may be found there.
                    for end in Self.ends(session, seed: seed &+ life) {
                        var cut = SealImages(on: image, legal: legal, seed: seed &* 3 &+ life)
                        await cut.play(session, until: end, looks: false)
                        (cut.keepsSamples, cut.exhaustive, cut.drawn) = (8, 16, 4)
                        cut.look("cut")
                        // One as it comes, and one with something to undo.
                        let dropped = cut.samples.first(where: Self.dropsOne)
                        for sample in [cut.samples.first, dropped] {
                            if let sample { next.append((sample, cut.legal)) }
                        }
                    }
                }
                open = next.count <= 8 ? next : (0..<8).map { next[$0 * next.count / 8] }
            }
            print(
                "in a row, \(style): \(tried) images, \(dropped) dropped, "
                    + "\(begunAnew) lives begin with that"
            )
            #expect(begunAnew >= 3)
        }
    }

    private static func dropsOne(_ image: [UInt8]) -> Bool {
        guard let state = try? SealedState(of: BytesSource(bytes: image)) else { return false }
        if case .dropped = state.outcome { return true }
        return false
    }

    private static func ends(_ session: SealSession, seed: UInt64) -> [Int] {
        let flushes = session.events.indices.filter {
            if case .flushEnded = session.events[$0] { true } else { false }
        }
        return Array(flushes.prefix(3))
    }
}
