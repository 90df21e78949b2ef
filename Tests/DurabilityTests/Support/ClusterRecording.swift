import DiskShim
import PaxosCore

@testable import ReplicatedLog

/// The disks of a cluster's nodes, in one order of events, and what left the nodes.
struct ClusterRecording: Sendable {
    /// A departure and the event that is its mark.
    struct Placed: Sendable {
        let place: Int
        let departure: Departure
        let claims: Claims
    }

    /// Each node's files lie below its own directory.
    private(set) var disks: DiskRecording
    /// In the order of their places.
    private(set) var departures: [Placed]

    init(disks: DiskRecording, departures: [Departure]) {
        self.disks = disks
        self.departures = disks.events.enumerated().compactMap { place, event in
            guard case .mark(_, let number) = event else { return nil }
            let departure = departures[Int(number)]
            return Placed(place: place, departure: departure, claims: Claims(departure))
        }
    }

    /// What had left before a point.
    func departures(before point: Int) -> ArraySlice<Placed> {
        var (low, high) = (0, departures.count)
        while low < high {
            let middle = (low + high) / 2
            if departures[middle].place < point { low = middle + 1 } else { high = middle }
        }
        return departures[..<low]
    }

    static func directory(of node: NodeID) -> String { "n\(node.rawValue)" }

    /// The disk of one node alone; the events keep their numbers.
    func disk(of node: NodeID) -> DiskRecording {
        let prefix = Self.directory(of: node)
        func isOwn(_ path: String) -> Bool { path == prefix || path.hasPrefix(prefix + "/") }
        return DiskRecording(
            directories: disks.directories.filter(isOwn),
            files: disks.files.filter { isOwn($0.key) },
            events: disks.events.map { event in
                guard let path = event.path else { return event }
                return isOwn(path) ? event : .mark(kind: 0, value: 0)
            }
        )
    }

    // MARK: - Controls

    /// As if no flush did anything.
    func withoutFlushes() -> ClusterRecording {
        var recording = self
        recording.disks = disks.withoutFlushes(from: 0)
        return recording
    }

    /// As if nobody waited for the meta page: what waited for a receipt left when the last flush, or the
    /// last write that waits for the disk itself, began.
    func receiptedAtCommit() -> ClusterRecording {
        var began: [NodeID: Int] = [:]
        var next = departures.makeIterator()
        var coming = next.next()
        var moved: [Placed] = []
        for (place, event) in disks.events.enumerated() {
            switch event {
            case .flushBegan(let path, isDirectory: false), .synchronousWriteBegan(let path, _, _):
                if let node = Self.node(of: path) { began[node] = place }
            default: break
            }
            guard let placed = coming, placed.place == place else { continue }
            let departure = placed.departure
            let early = departure.isTestimony ? began[departure.node] : nil
            moved.append(
                Placed(place: early ?? place, departure: departure, claims: placed.claims)
            )
            coming = next.next()
        }
        var recording = self
        recording.departures = moved.sorted { $0.place < $1.place }
        return recording
    }

    private static func node(of path: String) -> NodeID? {
        guard let name = path.split(separator: "/").first, name.first == "n" else { return nil }
        return UInt64(name.dropFirst()).flatMap(NodeID.init(rawValue:))
    }
}

extension DiskEvent {
    /// The file or directory that it concerns; none of a mark.
    fileprivate var path: String? {
        switch self {
        case .create(let path), .write(let path, _, _), .synchronousWriteBegan(let path, _, _),
            .synchronousWriteEnded(let path, _, _), .flushBegan(let path, _),
            .flushEnded(let path, _, _, _), .truncate(let path, _), .rename(let path, _),
            .makeDirectory(let path), .remove(let path), .failedWrite(let path, _):
            path
        case .mark: nil
        }
    }
}
