import LogCommands
import Platform

/// What was answered in each piece of the measured time, and how long the slowest answer of it took.
final class Timeline: Sendable {
    fileprivate struct State {
        var begin: UInt64?
        var pieces: [Piece] = []
        /// When somebody was answered last, and the longest time without an answer since the mark.
        var last: UInt64 = 0
        var mark: UInt64?
        var gap: UInt64 = 0
    }

    struct Piece {
        var appends = 0
        /// In nanoseconds.
        var slowest: UInt64 = 0
    }

    /// Of one piece, in nanoseconds.
    let width: UInt64
    private let state = Locked(State())
    private static let mostPieces = 100_000

    /// - Parameter seconds: The measured time: three hundred pieces, of a hundredth of a second at least.
    init(seconds: Double) {
        width = max(10_000_000, UInt64(seconds * 1e9 / 300))
    }

    /// The measured time begins.
    func begin(_ now: MonotonicInstant) {
        state.withLock { state in
            state.begin = now.nanoseconds
            state.last = now.nanoseconds
        }
    }

    /// The fault begins: gaps in service count from here on.
    func mark(_ now: MonotonicInstant) {
        state.withLock { $0.mark = now.nanoseconds }
    }

    func record(_ appends: Int, at now: MonotonicInstant, nanoseconds: UInt64) {
        state.withLock { state in
            guard let begin = state.begin, now.nanoseconds >= begin else { return }
            state.close(at: now.nanoseconds)
            let place = Int((now.nanoseconds - begin) / width)
            guard place < Self.mostPieces else { return }
            while state.pieces.count <= place { state.pieces.append(Piece()) }
            state.pieces[place].appends += appends
            state.pieces[place].slowest = max(state.pieces[place].slowest, nanoseconds)
        }
    }

    /// The measured time is over: a gap that lasts until then is one too.
    func end(_ now: MonotonicInstant) {
        state.withLock { $0.close(at: now.nanoseconds) }
    }

    var pieces: [Piece] { state.withLock { $0.pieces } }

    /// The longest time without an answer since the fault began, in nanoseconds.
    var gap: UInt64? { state.withLock { $0.mark == nil ? nil : $0.gap } }

    /// When the fault began, in nanoseconds since the measured time did.
    var markedAt: UInt64? {
        state.withLock { state in
            guard let mark = state.mark, let begin = state.begin else { return nil }
            return mark - min(mark, begin)
        }
    }
}

extension Timeline.State {
    /// Somebody is answered now. Of a gap that had begun before the fault what lies behind it counts.
    fileprivate mutating func close(at now: UInt64) {
        if let mark, now > mark {
            let since = max(last, mark)
            gap = max(gap, now - min(now, since))
        }
        last = max(last, now)
    }
}
