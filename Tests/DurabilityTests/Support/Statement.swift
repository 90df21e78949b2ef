import DiskShim

/// What a node has said to the outside, as marks in the order of the disk's events. Whatever was said
/// before the power went must still be true after it.
enum Statement: Hashable, Sendable {
    /// `create` returned.
    case created
    /// `open` returned with this boot.
    case opened(boot: UInt64)
    /// The node leads under a ballot of this round.
    case acted(round: UInt64)
    /// `append` returned this slot for the payload of this id, or a subscriber saw it there.
    case told(slot: UInt64, id: UInt32)
    /// `shutdown` returned, everything up to the slot being committed.
    case shutDown(committed: UInt64)

    private enum Kind {
        static let created: UInt64 = 1
        static let opened: UInt64 = 2
        static let acted: UInt64 = 3
        static let told: UInt64 = 4
        static let shutDown: UInt64 = 5
    }

    init(kind: UInt64, value: UInt64) {
        switch kind {
        case Kind.created: self = .created
        case Kind.opened: self = .opened(boot: value)
        case Kind.acted: self = .acted(round: value)
        case Kind.told: self = .told(slot: value >> 32, id: UInt32(truncatingIfNeeded: value))
        case Kind.shutDown: self = .shutDown(committed: value)
        default: preconditionFailure("a mark of kind \(kind)")
        }
    }

    var mark: (kind: UInt64, value: UInt64) {
        switch self {
        case .created: (Kind.created, 0)
        case .opened(let boot): (Kind.opened, boot)
        case .acted(let round): (Kind.acted, round)
        case .told(let slot, let id): (Kind.told, slot << 32 | UInt64(id))
        case .shutDown(let committed): (Kind.shutDown, committed)
        }
    }
}

/// Everything said before a point.
struct Said: Sendable {
    var isCreated = false
    var boot: UInt64 = 0
    var round: UInt64 = 0
    var committed: UInt64 = 0
    var told: [UInt64: UInt32] = [:]

    mutating func add(_ statement: Statement) {
        switch statement {
        case .created: isCreated = true
        case .opened(let boot): self.boot = max(self.boot, boot)
        case .acted(let round): self.round = max(self.round, round)
        case .told(let slot, let id): told[slot] = id
        case .shutDown(let committed): self.committed = max(self.committed, committed)
        }
    }
}

/// When a statement counts as made.
enum Telling: Sendable {
    /// When it was made.
    case truthfully
    /// A control: appends are acknowledged when the flush that makes them durable begins, everything being
    /// written and nothing flushed.
    case whenTheFlushBegins
    /// A control: appends are acknowledged with the last meta page or seal that was written before: their own,
    /// if no later commit followed.
    case whenTheMetaPageIsWritten
}

extension DiskRecording {
    /// What was said before each point, index 0 being the point before the first event. Controls move
    /// acknowledgements to where a node that lies would have made them.
    func said(_ telling: Telling, after before: Said = Said()) -> [Said] {
        var statements: [Int: [Statement]] = [:]
        var flush = 0
        var meta = 0
        for (index, event) in events.enumerated() {
            switch event {
            case .flushBegan(_, isDirectory: false): flush = index
            case .write(_, let offset, let bytes) where offset < 8192 && bytes.count <= 512:
                meta = index
            case .mark(let kind, let value):
                let statement = Statement(kind: kind, value: value)
                var place = index
                if case .told = statement {
                    switch telling {
                    case .truthfully: break
                    case .whenTheFlushBegins: place = flush
                    case .whenTheMetaPageIsWritten: place = meta
                    }
                }
                statements[place, default: []].append(statement)
            default: break
            }
        }
        var said = before
        var all = [said]
        for index in events.indices {
            for statement in statements[index] ?? [] { said.add(statement) }
            all.append(said)
        }
        return all
    }

    /// As a disk would have it on which no flush of a file does anything, which is what MDB_NOSYNC
    /// leaves of LMDB's writes. Directories and what was said are as they were.
    func withoutFlushes(from first: Int) -> DiskRecording {
        var recording = self
        for index in events.indices where index >= first {
            switch events[index] {
            case .flushEnded(let path, isDirectory: false, let began, error: 0):
                recording.events[index] = .flushEnded(
                    path: path,
                    isDirectory: false,
                    began: began,
                    error: 5
                )
            case .synchronousWriteEnded(let path, let began, error: 0):
                recording.events[index] = .synchronousWriteEnded(
                    path: path,
                    began: began,
                    error: 5
                )
            default: break
            }
        }
        return recording
    }
}
