import LogCommands

/// What is measured at one point.
struct BenchCase: Sendable {
    /// How appends come.
    enum Load: Sendable {
        /// So many tasks, each awaiting one append after the other.
        case closed(outstanding: Int)
        /// So many appends a second, whether or not earlier ones have come back.
        case open(rate: Double)
    }

    let load: Load
    let replicas: Int
    let transport: BenchTransport
    let valueBytes: Int
    let batch: Int
    /// On each member of this process.
    let subscribers: Int
    /// On the node that is called.
    let readers: Int
    let fault: BenchFault
    /// Each log is trimmed behind its last `Audit.kept` entries, and read before.
    let isTrimmed: Bool
    let seconds: Double
    let warmup: Double

    /// For a person who waits: which point this is.
    var title: String {
        let load =
            switch load {
            case .closed(let outstanding): "\(outstanding) outstanding"
            case .open(let rate): "\(Figure.whole(rate)) appends/s"
            }
        return "\(replicas) x \(valueBytes) bytes, \(load)"
    }

    /// For a directory.
    var name: String {
        let load =
            switch load {
            case .closed(let outstanding): "\(outstanding)"
            case .open(let rate): "rate-\(Int(rate))"
            }
        return "\(replicas)-\(valueBytes)-\(load)"
    }

    var outstanding: Int? {
        if case .closed(let outstanding) = load { outstanding } else { nil }
    }

    var rate: Double? {
        if case .open(let rate) = load { rate } else { nil }
    }

    /// Who appends, as payloads say.
    var clients: Int { outstanding ?? 1 }

    /// The rows of a group of raw LMDB that this is compared with; an open loop has none.
    var baselineRows: Int? { outstanding.map { $0 * batch } }
}
