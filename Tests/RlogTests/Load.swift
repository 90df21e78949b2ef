import NodeProcesses
import Platform

/// Clients of a trio that append one after the other until they are told to stop, each through its own
/// node. One whose node has ended waits until it is resumed.
final class Load: Sendable {
    private struct State {
        var next = 0
        var isStopped = false
        /// Clients with an append under way.
        var running = 0
        /// Clients whose node has ended, by places.
        var stranded: [Int] = [0, 0, 0]
        /// The texts that payloads begin with, by the slots that were acknowledged.
        var acknowledged: [UInt64: String] = [:]
    }

    private let trio: Trio
    private let padding: String
    private let state = Locked(State())

    /// - Parameter outstanding: Clients at each of the places.
    init(_ trio: Trio, on places: [Int], outstanding: Int, payloadBytes: Int = 0) {
        self.trio = trio
        padding = payloadBytes > 0 ? " " + String(repeating: "x", count: payloadBytes) : ""
        for place in places {
            for _ in 0..<outstanding { append(through: place) }
        }
    }

    private func append(through place: Int) {
        let text: String? = state.withLock { state in
            guard !state.isStopped else { return nil }
            state.next += 1
            state.running += 1
            return "n\(place + 1)-\(state.next)"
        }
        guard let text else { return }
        trio[place].send("append", #","payload":"\#(text)\#(padding)""#) { [self] reply in
            state.withLock { state in
                state.running -= 1
                if reply == nil { state.stranded[place] += 1 }
                if let slot = reply?.slot { state.acknowledged[slot] = text }
            }
            if reply != nil { append(through: place) }
        }
    }

    /// The node runs again.
    func resume(_ place: Int) {
        let count = state.withLock { state in
            defer { state.stranded[place] = 0 }
            return state.stranded[place]
        }
        for _ in 0..<count { append(through: place) }
    }

    /// Returns when nothing is under way.
    func stop() -> Bool {
        state.withLock { $0.isStopped = true }
        return waitUntil(.seconds(60)) { state.withLock { $0.running } == 0 }
    }

    var acknowledged: [UInt64: String] { state.withLock { $0.acknowledged } }
    var count: Int { state.withLock { $0.acknowledged.count } }

    /// Acknowledgements a second while the condition holds, which is given the seconds that have passed.
    func rate(while isGoingOn: (Double) -> Bool) -> Double {
        let begin = MonotonicClock.now()
        let before = count
        let parker = Parker()
        while isGoingOn(begin.secondsAgo) { parker.park(timeout: .milliseconds(20)) }
        return Double(count - before) / begin.secondsAgo
    }
}
