internal import NIOConcurrencyHelpers
internal import NIOCore

/// Whether a loop has done what it was asked to. One that has ended drops what it is given without a word: then
/// nobody holds this any more, and the answer is no.
final class Answer: Sendable {
    private let waiting: NIOLockedValueBox<CheckedContinuation<Bool, Never>?>

    private init(_ continuation: CheckedContinuation<Bool, Never>) {
        waiting = NIOLockedValueBox(continuation)
    }

    deinit { give(false) }

    private func give(_ isDone: Bool) {
        let continuation = waiting.withLockedValue { waiting in
            defer { waiting = nil }
            return waiting
        }
        continuation?.resume(returning: isDone)
    }

    /// Runs `body` on the loop.
    @discardableResult
    static func of(_ loop: any EventLoop, to body: @escaping @Sendable () -> Void) async -> Bool {
        await withCheckedContinuation { continuation in
            let answer = Answer(continuation)
            loop.execute {
                body()
                answer.give(true)
            }
        }
    }
}
