import Foundation
import ReplicatedLog
import ReplicatedLogTestKit
import TestSupport
import Testing

/// Any one of three real nodes is closed, crashes, loses its disk or its directory: the others go on.
@Suite(.heavy, .serialized, .tags(.slow)) struct MemberLossTests {
    static let members: [NodeID] = [1, 2, 3]

    @Test(arguments: members)
    func aClosedMemberCatchesUp(away: NodeID) async throws {
        try await withCluster { cluster in
            _ = try await cluster.append("before", on: 1)
            try await cluster.shutDown(away)
            let others = cluster.others(than: away)
            for count in 0..<20 {
                _ = try await cluster.append("without \(count)", on: others[count % 2])
            }
            try await cluster.start(away)
            let log = try await cluster.log(others[0])
            #expect(log.count == 21)
            #expect(try await cluster.log(away) == log)
        }
    }

    /// The flush fails: what it wrote is on the disk and was never spoken of. The node stops itself, and
    /// comes back with it or without.
    @Test(arguments: members, [true, false])
    func aMemberWhoseDiskFailsStopsAndComesBack(away: NodeID, inFlush: Bool) async throws {
        try await withCluster { cluster in
            _ = try await cluster.append("before", on: away)
            if inFlush {
                try cluster.failNextFlush(of: away)
            } else {
                try cluster.failNextWrite(of: away)
            }
            let others = cluster.others(than: away)
            _ = try await cluster.append("meanwhile", on: others[0])
            let error = await cluster.withTime { await cluster.ended(away) }
            guard case LogRunError.storeFailed? = error else {
                Issue.record("\(away) ended with \(String(describing: error))")
                return
            }
            _ = try await cluster.append("after", on: others[1])
            try await cluster.start(away)
            let log = try await cluster.log(others[0])
            #expect(log.count == 3)
            #expect(try await cluster.log(away) == log)
        }
    }

    /// A crash while a flush runs, of which the disk keeps none, some or all.
    @Test(arguments: members, [0, 1, 100])
    func aMemberThatCrashesInAFlushComesBack(away: NodeID, kept: Int) async throws {
        try await withCluster { cluster in
            _ = try await cluster.append("before", on: away)
            try cluster.stall(away)
            let others = cluster.others(than: away)
            for count in 0..<5 {
                _ = try await cluster.append("meanwhile \(count)", on: others[count % 2])
            }
            // Not yet, if another had to be elected first.
            let isStuck = try await cluster.eventually { try cluster.stalledWrites(of: away) > 0 }
            #expect(isStuck)
            try await cluster.crash(away, keeping: kept)
            _ = try await cluster.append("after", on: others[0])
            try await cluster.start(away)
            let log = try await cluster.log(others[0])
            #expect(log.count == 7)
            #expect(try await cluster.log(away) == log)
        }
    }

    /// A founder that comes back with another directory is refused and says so; the others go on (`R36`).
    @Test(arguments: members)
    func aWipedMemberIsRefusedAndSaysSo(away: NodeID) async throws {
        try await withCluster { cluster in
            _ = try await cluster.append("before", on: away)
            try await cluster.shutDown(away)
            try await cluster.wipe(away)
            let wiped = try await cluster.start(away)
            let isRefused = await cluster.eventually {
                guard case .refused(_, let reason) = wiped.status.health else { return false }
                return reason == .otherIncarnation
            }
            #expect(isRefused)
            let others = cluster.others(than: away)
            _ = try await cluster.append("after", on: others[0])
            #expect(try await cluster.log(others[1]).count == 2)
            #expect(wiped.status.committedSlot == .zero)
            // It counts for nothing: with one of the others away there is no quorum.
            try await cluster.shutDown(others[0])
            let node = try cluster.node(others[1])
            await #expect(throws: AppendError.self) {
                try await cluster.withTime {
                    try await node.append([1], timeout: .milliseconds(2_000))
                }
            }
            try await cluster.start(others[0])
        }
    }

    @Test func allClosedAndReopenedKeepEverything() async throws {
        try await withCluster { cluster in
            var slots: [Slot: [UInt8]] = [:]
            for count in 0..<30 {
                let member = cluster.members[count % 3]
                slots[try await cluster.append("kept \(count)", on: member)] =
                    Array("kept \(count)".utf8)
            }
            try await cluster.shutDownAll()
            try await cluster.startAll()
            for member in cluster.members {
                let log = try await cluster.log(member)
                #expect(log.count == 30)
                #expect(log.allSatisfy { slots[$0.slot] == $0.payload })
            }
        }
    }

    /// Everybody crashes at once, with writes under way: what was acknowledged stays.
    @Test func allCrashedKeepEverythingAcknowledged() async throws {
        try await withCluster { cluster in
            var slots: [Slot: [UInt8]] = [:]
            for count in 0..<10 {
                slots[try await cluster.append("kept \(count)", on: 1)] =
                    Array("kept \(count)".utf8)
            }
            for member in cluster.members { try cluster.stall(member) }
            let node = try cluster.node(1)
            let lost = Task { try await node.append(Array("unknown".utf8)) }
            cluster.tick(5)
            for member in cluster.members { try await cluster.crash(member, keeping: 0) }
            await #expect(throws: AppendError.self) { try await lost.value }
            try await cluster.startAll()
            let log = try await cluster.log(2)
            let kept = log.filter { $0.payload.starts(with: Array("kept".utf8)) }
            #expect(kept.count == 10)
            #expect(kept.allSatisfy { slots[$0.slot] == $0.payload })
            #expect(try await cluster.log(3) == log)
        }
    }

    /// One directory, copied and started twice, is two processes of one member: they count once at most
    /// (`R76`).
    @Test func twoProcessesOnOneDirectoryNeverCountTwice() async throws {
        let scratch = try Scratch("kit")
        let cluster = try await FaultyCluster(directory: scratch.path)
        try await cluster.startAll()
        _ = try await cluster.append("before", on: 1)
        try await cluster.shutDown(3)
        let copy = scratch.path + "/copy"
        try FileManager.default.copyItem(atPath: cluster.directory(of: 3), toPath: copy)
        try await cluster.start(3)
        let twin = try await cluster.startTwin(of: 3, directory: copy)
        // One counts, the other is refused for as long as it lives, wherever the refusal goes.
        let isRefused = try await cluster.eventually {
            for member in [1, 2] as [NodeID] {
                let peer = try cluster.node(member).status.refusedPeer
                guard peer?.node == 3 else { return false }
            }
            return true
        }
        #expect(isRefused)
        _ = try await cluster.append("with both", on: 1)
        // The two alone are one member and no quorum.
        try await cluster.shutDown(1)
        try await cluster.shutDown(2)
        for node in [try cluster.node(3), twin] {
            await #expect(throws: AppendError.self) {
                try await cluster.withTime {
                    try await node.append([1], timeout: .milliseconds(1_500))
                }
            }
            #expect(node.status.role != .leader)
        }
        try await cluster.start(1)
        try await cluster.start(2)
        _ = try await cluster.append("after", on: 2)
        try await cluster.shutDownAll()
        #expect(cluster.disagreements == [])
    }
}
