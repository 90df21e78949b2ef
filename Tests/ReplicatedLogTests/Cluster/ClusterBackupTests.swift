import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import ReplicatedLog

/// A log of three, restored as a cluster of one.
@Suite(.shared, .serialized) struct ClusterBackupTests {
    @Test func oneMembersBackupIsTheLogOfAll() async throws {
        let world = try await ClusterWorld()
        try await world.startAll()
        var last = Slot.zero
        for count in 0..<30 {
            let member = world.members[count % 3]
            last = try await world.node(member).append(bytes("entry \(count)"))
        }
        let node = try world.node(2)
        _ = try await node.barrier()
        let backup = world.root + "/backup"
        let copied = try await node.backup(to: backup)
        #expect(copied.committedSlot >= last && copied.identity.node == 2)
        let wanted = try await world.log(2, through: copied.committedSlot)
        try await world.stopAll()
        var configuration = try world.configuration(2)
        configuration.cluster = try ClusterID("restored")
        configuration.membership = try Membership([2])
        let place = world.root + "/restored"
        try await LogNode.restore(backup, as: configuration, directory: place)
        let reader = try DirectoryReader(at: place)
        let state = try reader.state()
        // It has no other member: all of it is of its own ballots, below those that it will use (`R4`).
        try reader.scanRows { row in
            guard case .row(let row, _) = row else {
                Issue.record("an unreadable row")
                return false
            }
            #expect(row.ballot.node == 2 && row.ballot.round <= state.lastRound)
            return true
        }
        #expect(state.promised.node == 2 && state.peers.isEmpty)
        _ = consume reader
        let opened = try await LogNode.open(configuration, directory: place)
        try await running(opened) { node in
            let found = try await node.everything()
            #expect(found == wanted)
            #expect(try await node.append(bytes("new")) > copied.committedSlot)
        }
    }
}
