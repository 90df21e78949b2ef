import Foundation
import ReplicatedLog
import ReplicatedLogMachine

/// Who holds which lock, and until when: decided by the log alone.
///
/// Its time is what leaders have measured on their monotonic clocks and appended (`Ticker`), never a member's clock: it
/// goes no faster than any of them, and stands still while nobody leads.
struct LockTable: ReplicatedStateMachine, Codable {
    /// Milliseconds of the table's time.
    typealias Time = UInt64

    struct Session: Codable {
        let lease: Time
        var end: Time
    }

    struct Lock: Codable, Equatable {
        /// The session that holds it.
        var holder: Slot?
        /// The slot in which it was taken: what a sequencer says.
        var generation: Slot
        /// Nobody takes it before, since its last holder was lost and something of it may still be on the way.
        var delayedUntil: Time
        /// How long that is, as the holder has asked for.
        var delay: Time
    }

    enum Command: ReplicatedCommand, Codable {
        case open(lease: Time)
        case extend(session: Slot)
        case close(session: Slot)
        case take(lock: String, session: Slot, delay: Time)
        case release(lock: String, session: Slot)
        /// The leader of this ballot has measured so much since it began to.
        case tick(round: UInt64, node: UInt64, elapsed: Time)
    }

    enum Result: Sendable {
        case session(Slot, lease: Time)
        /// It has ended, or never was.
        case noSession
        case taken(Slot)
        /// Somebody holds it, or did until just now.
        case held(isDelayed: Bool)
        case done
        case notHeld
    }

    /// What one tick adds at most. A session's end is so much later than its holder was told: what a leader measured
    /// before the session was extended may come behind that in the log.
    static let step: Time = 1_000

    private(set) var now: Time = 0
    /// The last tick.
    private var round: UInt64 = 0
    private var node: UInt64 = 0
    private var elapsed: Time = 0
    private(set) var sessions: [Slot: Session] = [:]
    private(set) var locks: [String: Lock] = [:]

    init() {}

    mutating func apply(_ command: Command, at slot: Slot) -> Result {
        switch command {
        case .open(let lease):
            sessions[slot] = Session(lease: lease, end: now + lease + Self.step)
            return .session(slot, lease: lease)
        case .extend(let session):
            guard let lease = sessions[session]?.lease else { return .noSession }
            sessions[session]?.end = now + lease + Self.step
            return .session(session, lease: lease)
        case .close(let session):
            guard sessions.removeValue(forKey: session) != nil else { return .noSession }
            for name in locks.keys where locks[name]?.holder == session { free(name, after: 0) }
            return .done
        case .take(let name, let session, let delay):
            return take(name, session, delay, at: slot)
        case .release(let name, let session):
            guard locks[name]?.holder == session else { return .notHeld }
            free(name, after: 0)
            return .done
        case .tick(let round, let node, let elapsed):
            tick((round, node, elapsed))
            return .done
        }
    }

    private mutating func take(_ name: String, _ session: Slot, _ delay: Time, at slot: Slot)
        -> Result
    {
        guard sessions[session] != nil else { return .noSession }
        if let lock = locks[name] {
            if lock.holder == session { return .taken(lock.generation) }
            if lock.holder != nil { return .held(isDelayed: false) }
            if lock.delayedUntil > now { return .held(isDelayed: true) }
        }
        locks[name] = Lock(holder: session, generation: slot, delayedUntil: 0, delay: delay)
        return .taken(slot)
    }

    private mutating func free(_ name: String, after delay: Time) {
        locks[name]?.holder = nil
        locks[name]?.delayedUntil = now + delay
    }

    /// A leader's first tick begins to measure; an earlier leader's counts for nothing behind that.
    private mutating func tick(_ tick: (round: UInt64, node: UInt64, elapsed: Time)) {
        guard (tick.round, tick.node) >= (round, node) else { return }
        if (tick.round, tick.node) == (round, node), tick.elapsed > elapsed {
            now += min(tick.elapsed - elapsed, Self.step)
        }
        (round, node, elapsed) = tick
        for (id, session) in sessions where session.end <= now {
            sessions[id] = nil
            for (name, lock) in locks where lock.holder == id { free(name, after: lock.delay) }
        }
    }

    func snapshot(into writer: inout LogSnapshot.Writer) throws {
        let encoder = JSONEncoder()
        // The same bytes on every member.
        encoder.outputFormatting = .sortedKeys
        let bytes = Array(try encoder.encode(self))
        try writer.write(number: UInt64(bytes.count))
        try writer.write(bytes)
    }

    init(restoring reader: inout LogSnapshot.Reader) throws {
        let count = Int(try reader.readNumber())
        let data = Data(try reader.read(exactly: count))
        self = try JSONDecoder().decode(Self.self, from: data)
    }
}
