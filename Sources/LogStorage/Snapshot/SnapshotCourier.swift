package import PaxosCore
internal import Platform

/// Does what a core asks of the host's snapshots, one task after the other, on a thread of its own: it begins with the
/// first task, and ends with `close()`. No task holds more than its piece, and a chunk where a file is looked through.
package final class SnapshotCourier: Sendable {
    /// Bytes of pieces that are held here, from when they are handed over until they are answered.
    package struct Held: Sendable, Hashable {
        package internal(set) var bytes = 0
        package internal(set) var peak = 0
        /// All that was ever handed over to be written.
        package internal(set) var taken: UInt64 = 0

        mutating func add(_ count: Int) {
            bytes += count
            peak = max(peak, bytes)
        }
    }

    private struct Order: Sendable {
        let work: SnapshotTask.Work
        let answer: @Sendable (SnapshotCompletion.Result) -> Void
    }

    private struct State {
        var waiting = FIFO<Order>()
        var held = Held()
        var thread: PinnedThread?
        var isClosed = false
    }

    private let folder: SnapshotFolder
    /// Told why a task was not done.
    private let onTrouble: @Sendable (SnapshotError) -> Void
    private let state = Locked(State())
    private let parker = Parker()
    /// Those that are given, open. Of the thread alone.
    private let lent = Locked<[LogSnapshot]>([])

    package init(
        _ folder: SnapshotFolder,
        onTrouble: @escaping @Sendable (SnapshotError) -> Void
    ) {
        self.folder = folder
        self.onTrouble = onTrouble
    }

    package var held: Held { state.withLock { $0.held } }

    /// Hands over a task; its answer comes on the thread, and does not if there is none, or after `close()`.
    package func submit(
        _ work: SnapshotTask.Work,
        answer: @escaping @Sendable (SnapshotCompletion.Result) -> Void
    ) {
        let isTaken = state.withLock { state in
            guard !state.isClosed else { return true }
            if state.thread == nil {
                state.thread = try? PinnedThread(name: "log-snapshots") { [self] in run() }
            }
            guard state.thread != nil else { return false }
            state.waiting.append(Order(work: work, answer: answer))
            if case .write(_, _, let bytes) = work {
                state.held.add(bytes.count)
                state.held.taken += UInt64(bytes.count)
            }
            return true
        }
        if isTaken {
            parker.unpark()
        } else if let failure = Self.failure(of: work) {
            // The system gives no thread: not now.
            answer(failure)
        }
    }

    /// What is answered where nothing was done.
    private static func failure(
        of work: SnapshotTask.Work,
        isDamage: Bool = false
    ) -> SnapshotCompletion.Result? {
        switch work {
        case .read: .piece([])
        case .letGo: nil
        // Nothing is given then: a base without its snapshot would leave a host there with nothing to go on with.
        case .find: .failed
        case .begin, .write, .finish: isDamage ? .damaged : .failed
        }
    }

    /// Ends the thread; nothing is answered any more when it returns. Blocking.
    package func close() {
        let thread = state.withLock { state in
            state.isClosed = true
            state.waiting = FIFO()
            return state.thread.take()
        }
        parker.unpark()
        thread?.join()
    }

    private func run() {
        while true {
            let (order, isClosed) = state.withLock { ($0.waiting.popFirst(), $0.isClosed) }
            if isClosed {
                lent.withLock { $0 = [] }
                return
            }
            guard let order else {
                parker.park()
                continue
            }
            let result = perform(order.work)
            var given = 0
            if case .piece(let bytes)? = result { given = bytes.count }
            state.withLock { $0.held.add(given) }
            if let result { order.answer(result) }
            state.withLock { state in
                state.held.bytes -= given
                if case .write(_, _, let bytes) = order.work { state.held.bytes -= bytes.count }
            }
        }
    }

    private func perform(_ work: SnapshotTask.Work) -> SnapshotCompletion.Result? {
        do throws(SnapshotError) {
            switch work {
            case .find(let slots, let preferred): return .offer(try find(slots, preferred))
            case .read(let name, let offset, let maxBytes):
                return .piece(try read(name, at: offset, atMost: maxBytes))
            case .letGo(let name):
                lent.withLock { lent in lent.removeAll { $0.name == name } }
                return nil
            case .begin(let name, let bytes):
                return .begun(through: try folder.take(name, of: bytes))
            case .write(let name, let offset, let bytes):
                try folder.put(bytes, at: offset, of: name)
                return .written
            case .finish(let name, let base):
                try folder.keep(name, behind: base)
                return .finished
            }
        } catch {
            if case .closed = error {} else { onTrouble(error) }
            return Self.failure(of: work, isDamage: error.isDamage)
        }
    }

    private func find(
        _ slots: ClosedRange<Slot>,
        _ preferred: SnapshotName?
    ) throws(SnapshotError) -> OfferedBase? {
        let fitting = try folder.open().snapshots.filter { slots.contains($0.info.slot) }
        guard let found = fitting.first(where: { $0.name == preferred }) ?? fitting.first else {
            return nil
        }
        let snapshot = OfferedBase.Snapshot(digest: found.name.digest, bytes: found.fileBytes)
        return OfferedBase(found.base, snapshot: snapshot)
    }

    private func read(
        _ name: SnapshotName,
        at offset: UInt64,
        atMost count: Int
    ) throws(SnapshotError) -> [UInt8] {
        let known = lent.withLock { lent in lent.first { $0.name == name } }
        if let known { return try known.checkedBytes(at: offset, atMost: count) }
        guard let found = try folder.open().snapshots.first(where: { $0.name == name }) else {
            return []
        }
        lent.withLock { $0.append(found) }
        return try found.checkedBytes(at: offset, atMost: count)
    }
}
