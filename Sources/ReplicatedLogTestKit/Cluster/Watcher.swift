internal import Platform
internal import ReplicatedLog

/// Reads every node's log from its beginning and compares: agreement, order, and no skip.
final class Watcher: Sendable {
    private struct Seen: Hashable {
        let digest: UInt64
        let previous: Slot
        let by: NodeID
    }

    private struct State {
        var seen: [Slot: Seen] = [:]
        var disagreements: [String] = []
    }

    private let state = Locked(State())

    var disagreements: [String] { state.withLock { $0.disagreements } }

    /// Returns when the node has ended. The iterator is made before the node runs, so that what it
    /// delivers at the last is seen as well.
    func watch(_ name: NodeID, _ events: LogNode.Subscription.Iterator) async {
        var events = events
        do {
            while let event = try await events.next(isolation: nil) {
                guard case .entry(let slot, let payload, let previous) = event else { continue }
                note(Seen(digest: digest(payload), previous: previous, by: name), in: slot)
            }
        } catch ReadError.unreadable {
            // What cannot be read is not delivered, to a watcher neither.
        } catch {
            // The node has ended.
        }
    }

    private func note(_ seen: Seen, in slot: Slot) {
        state.withLock { state in
            guard let first = state.seen[slot] else {
                state.seen[slot] = seen
                return
            }
            if first.digest != seen.digest {
                state.disagreements.append("\(first.by) and \(seen.by) differ in slot \(slot)")
            } else if first.previous != seen.previous {
                state.disagreements.append(
                    "before slot \(slot) stands \(first.previous) on \(first.by) and "
                        + "\(seen.previous) on \(seen.by)"
                )
            }
        }
    }

    /// FNV-1a.
    private func digest(_ payload: [UInt8]) -> UInt64 {
        payload.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
