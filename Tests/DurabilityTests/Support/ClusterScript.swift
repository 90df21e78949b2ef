import PaxosCore
import Platform
import TestSupport

@testable import ReplicatedLog

/// A life of a cluster of three nodes on real disks, recorded: appends everywhere, and leaders that are
/// deposed in the middle of it and come back as followers.
///
/// A leader is deposed so that there is something to propose again: first its followers' answers are
/// lost, so that what it proposes is accepted and not chosen; then it is cut off, or ends without a
/// shutdown and is opened again.
final class ClusterScript: Sendable {
    enum Fall: Sendable, CaseIterable {
        case cutOff, closed
    }

    /// What came of it.
    struct Recorded: Sendable {
        let recording: ClusterRecording
        /// The log as all nodes have it in the end.
        let log: [Slot: Entry]
    }

    /// The script did not get as far as it should.
    struct Stuck: Error, CustomStringConvertible {
        let description: String
    }

    static let members: [NodeID] = [1, 2, 3]

    private let root: String
    private let network = InMemoryNetwork()
    private let departures: Departures
    private let running = Locked<[NodeID: RunningNode]>([:])
    private let nextID = Locked<UInt32>(1)

    static func configuration(_ node: NodeID) throws -> LogNode.Configuration {
        try .small(node: node, members: members)
    }

    /// - Parameter falls: How many leaders are deposed.
    static func record(in root: String, falls: Int, appends: Int) async throws -> Recorded {
        let script = try await ClusterScript(in: root)
        for node in members { try await script.open(node) }
        for node in members { try await script.append(1, to: node, timeout: .seconds(60)) }
        for fall in 0..<falls {
            let kind = Fall.allCases[fall % Fall.allCases.count]
            try await script.load(members, each: appends)
            try await script.depose(kind, appends: appends)
        }
        try await script.load(members, each: appends)
        return try await script.finish()
    }

    private init(in root: String) async throws {
        self.root = root
        try FileSystem.makeDirectories(root)
        for node in Self.members {
            let path = root + "/" + ClusterRecording.directory(of: node)
            try await LogNode.create(try Self.configuration(node), directory: path)
        }
        departures = try Departures(directory: root)
    }

    // MARK: - Steps

    private func open(_ node: NodeID) async throws {
        let transport = NotingTransport(
            base: network.transport(for: node),
            departures: departures
        )
        let log = try await LogNode.open(
            try Self.configuration(node),
            directory: root + "/" + ClusterRecording.directory(of: node),
            transport: transport
        )
        running.withLock { $0[node] = RunningNode(log) }
    }

    private func log(of node: NodeID) throws -> LogNode {
        guard let running = running.withLock({ $0[node] }) else {
            throw Stuck(description: "\(node) does not run")
        }
        return running.log
    }

    /// Appends one after the other. Those of which nobody knows are left alone.
    private func append(_ count: Int, to node: NodeID, timeout: Duration) async throws {
        let log = try log(of: node)
        for _ in 0..<count {
            let id = nextID.withLock { next in
                defer { next += 1 }
                return next
            }
            do throws(AppendError) {
                let slot = try await log.append(TestPayload(id: id).bytes, timeout: timeout)
                departures.note(
                    Departure(node: node, content: .acknowledged(slot: slot, id: id))
                )
            } catch {
                switch error {
                case .never, .unknown: continue
                default: throw error
                }
            }
        }
    }

    /// Two callers on each of the nodes.
    private func load(
        _ nodes: [NodeID],
        each: Int,
        timeout: Duration = .seconds(60)
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in nodes + nodes {
                group.addTask { try await self.append(each, to: node, timeout: timeout) }
            }
            try await group.waitForAll()
        }
    }

    /// The node that leads, of those given, under a ballot above an earlier one.
    private func leader(
        among nodes: [NodeID],
        above ballot: Ballot
    ) async throws -> (NodeID, Ballot) {
        var found: (NodeID, Ballot)?
        _ = try await eventually {
            for node in nodes {
                let status = try log(of: node).status
                if status.role == .leader, let own = status.ballot, own > ballot {
                    found = (node, own)
                    return true
                }
            }
            return false
        }
        guard let found else { throw Stuck(description: "nobody leads above \(ballot)") }
        return found
    }

    private func depose(_ fall: Fall, appends: Int) async throws {
        let (leader, ballot) = try await leader(among: Self.members, above: .zero)
        let others = Self.members.filter { $0 != leader }
        for other in others { network.cut(from: other, to: leader) }
        try await load([leader], each: 2, timeout: .milliseconds(100))
        switch fall {
        case .cutOff: network.disconnect(leader)
        case .closed:
            let node = running.withLock { $0.removeValue(forKey: leader) }
            if let error = await node?.close() { throw error }
        }
        _ = try await self.leader(among: others, above: ballot)
        try await load(others, each: appends)
        network.heal()
        if fall == .closed { try await open(leader) }
        try await append(2, to: leader, timeout: .seconds(60))
    }

    private func finish() async throws -> Recorded {
        let last = try await log(of: 1).barrier()
        for node in Self.members {
            let arrived = try await eventually {
                try log(of: node).status.deliveredSlot >= last
            }
            guard arrived else { throw Stuck(description: "\(node) does not get to \(last)") }
        }
        for node in Self.members {
            if let error = await running.withLock({ $0[node] })?.shutdown() { throw error }
        }
        let recording = departures.finish()
        return Recorded(recording: recording, log: try finalLog(through: last))
    }

    private func finalLog(through last: Slot) throws -> [Slot: Entry] {
        let logs = try Self.members.map { node in
            let path = root + "/" + ClusterRecording.directory(of: node)
            let image = try StoredImage(of: path, try Self.configuration(node))
            let rows = image.rows.filter { $0.slot <= last }
            return Dictionary(uniqueKeysWithValues: rows.map { ($0.slot, $0.entry) })
        }
        guard logs.allSatisfy({ $0 == logs[0] }), logs[0].count == Int(last.rawValue) else {
            throw Stuck(description: "the logs differ in the end")
        }
        return logs[0]
    }
}
