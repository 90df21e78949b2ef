import CrashHistory
import FailingDisks
import Foundation
import NodeProcesses
import PaxosSimulator
import Platform

/// One run: everything that is started is ended, and what was seen is judged.
struct SuiteRun {
    let seed: UInt64
    let nodes: Int
    let clients: Int
    let milliseconds: Int
    let root: String

    /// Whether everything was right.
    func run(_ schedule: Schedule) throws -> Bool {
        try FileSystem.makeDirectories(root)
        let disk = SmallDisk(below: root, mebibytes: 48)
        if disk == nil { say("no file system can be mounted here: no disk is filled") }
        if PreloadedShim.path == nil { say("no clang: no flush fails") }
        // Mounted until every process has ended.
        let summary = try withExtendedLifetime(disk) { try run(schedule, disk) }
        summary.show()
        if !summary.isRight {
            say("the directories are left in \(root)")
        }
        return summary.isRight
    }

    func removeDirectories() { try? FileSystem.removeTree(root) }

    private func run(_ schedule: Schedule, _ disk: SmallDisk?) throws -> Summary {
        let recorder = Recorder()
        let cluster = try Cluster(
            size: nodes,
            root: root,
            seed: seed,
            recorder
        ) { place in
            // One member alone may meet a full disk: a quorum always has room.
            place == nodes - 1 ? disk?.mountPoint ?? root : root
        }
        defer { cluster.links.close() }
        let watch = LeaderWatch()
        for member in cluster.members { member.start() }
        defer { for member in cluster.members { member.kill() } }
        try breakEverything(cluster, watch, recorder, schedule, disk)
        if Interruption.hasHappened { throw SuiteError("interrupted") }
        let settlement = Settlement(cluster: cluster, recorder: recorder)
        var check: HistoryCheck?
        if let logs = try settlement.settle() {
            var history = recorder.history
            history.logs = logs
            check = HistoryCheck(history)
        }
        return Summary(recorder: recorder, watch: watch, links: cluster.links, check: check)
    }

    private func breakEverything(
        _ cluster: Cluster,
        _ watch: LeaderWatch,
        _ recorder: Recorder,
        _ schedule: Schedule,
        _ disk: SmallDisk?
    ) throws {
        var generator = SeededGenerator(seed: ~seed)
        var threads = [try PinnedThread(name: "leader-watch") { watch.run(cluster.members) }]
        var running: [Client] = []
        for number in 0..<clients {
            let client = Client(number, members: cluster.members, recorder)
            let seed = generator.next()
            threads.append(try PinnedThread(name: "client") { client.run(seed: seed) })
            running.append(client)
        }
        var saboteur = Saboteur(cluster, watch, recorder, disk: disk)
        var progress = Progress(milliseconds: milliseconds)
        saboteur.carryOut(schedule, milliseconds: milliseconds) { now in
            progress.show(now, recorder, watch)
        }
        progress.clear()
        for client in running { client.stop() }
        watch.stop()
        for thread in threads { thread.join() }
        saboteur.disarm()
    }
}
