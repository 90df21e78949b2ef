internal import NIOConcurrencyHelpers
internal import NIOCore

/// Every connection of a transport, those too that are still being made: its end waits for the last of them,
/// since the threads that serve them are not its own.
final class Connections: Sendable {
    private struct State {
        var open: [ObjectIdentifier: any Channel] = [:]
        var isOver = false
        /// Whoever waits for the last one.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = NIOLockedValueBox(State())

    /// Counts a connection until it is closed, and what its handlers do with it.
    ///
    /// - Returns: False if it comes too late, and is closed.
    func add(_ channel: any Channel) -> Bool {
        let name = ObjectIdentifier(channel)
        let isTaken = state.withLockedValue { state in
            if !state.isOver { state.open[name] = channel }
            return !state.isOver
        }
        guard isTaken else {
            channel.close(promise: nil)
            return false
        }
        channel.closeFuture.whenComplete { [state] _ in
            let waiting = state.withLockedValue { state -> [CheckedContinuation<Void, Never>] in
                state.open[name] = nil
                guard state.open.isEmpty else { return [] }
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
        return true
    }

    /// As `add`, for those who make it.
    func take(_ channel: any Channel) throws {
        guard add(channel) else { throw ChannelError.ioOnClosedChannel }
    }

    /// Closes all of them, and whatever comes from now on.
    func close() {
        for channel in takeAll() { channel.close(promise: nil) }
    }

    /// Returns when all of them are closed and no handler of theirs will be called.
    func end() async {
        close()
        // Not for their futures: a loop that has ended since tells nothing any more, and has closed all of its own.
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLockedValue { state in
                if !state.open.isEmpty { state.waiting.append(continuation) }
                return state.open.isEmpty
            }
            if isEmpty { continuation.resume() }
        }
    }

    private func takeAll() -> [any Channel] {
        state.withLockedValue { state in
            state.isOver = true
            return Array(state.open.values)
        }
    }
}
