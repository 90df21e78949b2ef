import Foundation
import Platform
import ReplicatedLog
import ReplicatedLogTestKit
import TestSupport
import Testing

/// A member's directory that is an old copy of itself, on real disks (`R81`).
@Suite(.heavy, .tags(.slow)) struct RolledBackTests {
    /// Replaces the directory of a member that does not run.
    private static func restore(_ copy: String, as member: NodeID, of cluster: FaultyCluster) throws
    {
        try FileManager.default.removeItem(atPath: cluster.directory(of: member))
        try FileManager.default.copyItem(atPath: copy, toPath: cluster.directory(of: member))
    }

    private static func isOut(_ node: LogNode) async -> Bool {
        if case .rolledBack = node.status.health { true } else { false }
    }

    /// Has every other member count the present process of `member`: each is its only partner once.
    private static func makeKnown(_ member: NodeID, in cluster: FaultyCluster) async throws {
        let others = cluster.others(than: member)
        for away in others {
            try await cluster.shutDown(away)
            for other in others where other != away {
                _ = try await cluster.append("with \(member)", on: other)
            }
            try await cluster.start(away)
        }
    }

    private static func expectNoQuorum(_ member: NodeID, _ cluster: FaultyCluster) async throws {
        let node = try cluster.node(member)
        await #expect(throws: AppendError.self) {
            try await cluster.withTime {
                try await node.append([1], timeout: .milliseconds(2_000))
            }
        }
    }

    /// Twenty appends are acknowledged by 2 and 3; then 3 is an older copy of itself. However often it is
    /// started, it never makes a quorum with 1, which has acknowledged none of them.
    @Test func anOldCopyStaysOutHoweverOftenItIsStarted() async throws {
        let scratch = try Scratch("kit")
        let cluster = try await FaultyCluster(directory: scratch.path)
        try await cluster.startAll()
        _ = try await cluster.append("before", on: 3)
        #expect(try await cluster.log(3).count == 1)
        try await cluster.shutDown(3)
        let copy = scratch.path + "/copy"
        try FileManager.default.copyItem(atPath: cluster.directory(of: 3), toPath: copy)
        try await cluster.start(3)
        try await Self.makeKnown(3, in: cluster)
        try await cluster.shutDown(1)
        for count in 0..<20 { _ = try await cluster.append("acknowledged \(count)", on: 2) }
        try await cluster.shutDownAll()
        try Self.restore(copy, as: 3, of: cluster)
        try await cluster.start(1)
        for _ in 1...20 {
            let old = try await cluster.start(3)
            #expect(await cluster.eventually { await Self.isOut(old) })
            await #expect(throws: AppendError.never(.rolledBack)) { try await old.append([1]) }
            try await cluster.shutDown(3)
        }
        try await cluster.start(3)
        try await Self.expectNoQuorum(1, cluster)
        #expect(await Self.isOut(try cluster.node(3)))
        // It can be read: what it held when it was copied.
        let page = try await cluster.node(3).entries(in: .first ... .first)
        #expect(page.entries.map(\.payload) == [Array("before".utf8)])
        try await cluster.start(2)
        _ = try await cluster.append("after", on: 1)
        let log = try await cluster.log(1)
        #expect(log.filter { $0.payload.starts(with: Array("acknowledged".utf8)) }.count == 20)
        try await cluster.shutDownAll()
        #expect(cluster.disagreements == [])
    }

    /// A copy of a running member, as a snapshot of its disk: it has the boot and the nonce that everybody knows,
    /// and is found out by what it goes on to lack as soon as somebody is there who has heard of that.
    @Test func aSnapshotOfARunningMemberIsFoundOut() async throws {
        let scratch = try Scratch("kit")
        let cluster = try await FaultyCluster(directory: scratch.path)
        try await cluster.startAll()
        _ = try await cluster.append("before", on: 3)
        #expect(try await cluster.log(3).count == 1)
        let copy = scratch.path + "/copy"
        try FileManager.default.copyItem(atPath: cluster.directory(of: 3), toPath: copy)
        try await cluster.shutDown(2)
        for count in 0..<20 { _ = try await cluster.append("acknowledged \(count)", on: 1) }
        try await cluster.crash(3)
        try Self.restore(copy, as: 3, of: cluster)
        for _ in 1...20 {
            let old = try await cluster.start(3)
            #expect(await cluster.eventually { await Self.isOut(old) })
            try await cluster.shutDown(3)
        }
        try await cluster.start(2)
        _ = try await cluster.append("after", on: 2)
        #expect(try await cluster.log(2).count == 22)
        try await cluster.shutDownAll()
        #expect(cluster.disagreements == [])
    }

    /// The same copy while nobody is there who has heard of what it lacks: with the member that was away it may commit
    /// other entries in acknowledged slots. It is found out when the witness is back, or the witness
    /// stops: nobody goes on beside a member that takes part with another log.
    @Test func aSnapshotIsFoundOutByAWitnessThatComesLater() async throws {
        let scratch = try Scratch("kit")
        let cluster = try await FaultyCluster(directory: scratch.path)
        try await cluster.startAll()
        _ = try await cluster.append("before", on: 1)
        #expect(try await cluster.log(1).count == 1)
        let copy = scratch.path + "/copy"
        try await cluster.shutDown(3)
        try FileManager.default.copyItem(atPath: cluster.directory(of: 1), toPath: copy)
        for count in 0..<20 { _ = try await cluster.append("acknowledged \(count)", on: 1) }
        try await cluster.crash(1)
        try await cluster.shutDown(2)
        try Self.restore(copy, as: 1, of: cluster)
        try await cluster.start(1)
        try await cluster.start(3)
        // What no reachable peer has witnessed cannot be found out.
        for count in 0..<6 { _ = try await cluster.append("other \(count)", on: 3) }
        try await cluster.start(2)
        #expect(
            await cluster.eventually {
                for member in [1, 2] as [NodeID] {
                    if let node = try? cluster.node(member), await Self.isOut(node) { return true }
                }
                return false
            }
        )
        #expect(try await cluster.eventually { try await Self.agree(cluster) })
        try await cluster.shutDownAll()
    }

    /// Whether all who take part have delivered the same, as far as each has come.
    private static func agree(_ cluster: FaultyCluster) async throws -> Bool {
        var logs: [(end: Slot, entries: [LogPage.Entry])] = []
        for member in cluster.running {
            let node = try cluster.node(member)
            if await isOut(node) { continue }
            let page = try await node.entries(in: 1...100)
            logs.append((page.through, page.entries))
        }
        let end = logs.map(\.end).min() ?? .first
        let common = Set(logs.map { $0.entries.filter { $0.slot <= end } })
        return common.count <= 1
    }

    /// A member that is killed and started again and again, with writes under way, is never taken for a copy.
    @Test func restartsPutNobodyOut() async throws {
        try await withCluster { cluster in
            for count in 0..<6 {
                let member = cluster.members[count % 3]
                _ = try await cluster.append("before \(count)", on: member)
                try await cluster.crash(member)
                _ = try await cluster.append(
                    "without \(count)",
                    on: cluster.others(than: member)[0]
                )
                try await cluster.start(member)
            }
            for member in cluster.members {
                #expect(try await cluster.log(member).count == 12)
                #expect(try cluster.node(member).status.health == .healthy)
            }
        }
    }
}
