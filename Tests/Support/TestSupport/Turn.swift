import Platform
package import Testing

/// Beside whom a test may run. All test targets are one process on few processors, and without a word a test runs beside
/// all others; what a test has to say stands at its suite, or at itself, where it says something else.
///
/// Whoever has a turn may block: its cases run on threads that are kept for that, and not on those of the pool, of
/// which there is one for each processor and on which everybody else waits.
package struct Turn: TestTrait, SuiteTrait, TestScoping {
    /// What a test takes of the machine.
    enum Kind: CaseIterable, Sendable {
        case longest
        case heavy
        case computing
        case shared
        case alone
    }

    let kind: Kind

    @TaskLocal private static var isTaken = false

    package var isRecursive: Bool { true }

    /// A turn is of a whole test, all its cases included: whoever waits for one holds no place among those that run.
    package func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? {
        // The nearest one is the last, behind those of the suites around it.
        let nearest = test.traits.lazy.compactMap { $0 as? Turn }.last
        return test.isSuite || nearest?.kind != kind ? nil : self
    }

    package func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard testCase == nil else {
            let threads = kind == .computing ? TestThreads.computing : .shared
            return try await withTaskExecutorPreference(threads) { try await body() }
        }
        // Said twice, it is one turn.
        guard !Self.isTaken else { return try await body() }
        await Turns.shared.take(kind)
        let begin = MonotonicClock.now()
        defer {
            Turns.shared.give(back: kind)
            if Turns.isTold {
                print("turn: \(begin.duration(to: MonotonicClock.now())) \(kind) \(test.name)")
            }
        }
        try await Self.$isTaken.withValue(true) { try await body() }
    }
}

extension Trait where Self == Turn {
    /// Beside a few others that share: it has directories, threads or nodes of its own, and does not mind how long
    /// it takes.
    package static var shared: Self { Turn(kind: .shared) }

    /// Beside one other such for each two processors: it takes all of one for seconds.
    package static var computing: Self { Turn(kind: .computing) }

    /// Beside one other such: a cluster of processes, or nodes that are killed or cut off, which waits most of the time
    /// and has bounds that a busy machine keeps.
    package static var heavy: Self { Turn(kind: .heavy) }

    /// As a heavy one, and before all others, since it waits for a minute.
    package static var longest: Self { Turn(kind: .longest) }

    /// Beside none that takes turns, behind all others: its bounds are times that a busy machine does not keep.
    package static var alone: Self { Turn(kind: .alone) }
}
