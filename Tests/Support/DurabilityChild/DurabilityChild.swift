import Glibc
import PaxosCore
import ReplicatedLog

/// A one-member node under load until somebody ends it: `DurabilityChild DIR LIFE TASKS`.
///
/// Appends from so many tasks, a batch of three now and then, each payload a text that no other append
/// has. Every acknowledgement is a line on standard output, "slot text", written with the system call
/// and before the task goes on: what the parent has read was said. Exit status 4 and one line on
/// standard error if the store fails, as the command line does it.
@main
struct DurabilityChild {
    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let life = Int(arguments[2]), let tasks = Int(arguments[3])
        else { end(2, "usage: DurabilityChild DIR LIFE TASKS") }
        do {
            let node = try await open(arguments[1])
            let running = Task { try await node.run() }
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<tasks {
                    group.addTask { await load(node, prefix: "\(life)-\(task)") }
                }
            }
            try await running.value
            end(1, "the load ended by itself")
        } catch LogRunError.storeFailed(let what) {
            end(4, "storage of \(arguments[1]) failed (\(what))")
        } catch {
            end(1, "\(error)")
        }
    }

    private static func open(_ directory: String) async throws -> LogNode {
        var configuration = LogNode.Configuration(
            cluster: try ClusterID("child"),
            node: 1,
            membership: try Membership([1])
        )
        configuration.storage.runwayBytes = 1 << 20
        configuration.limits.checkpointSlots = 500
        do {
            return try await LogNode.open(configuration, directory: directory)
        } catch LogOpenError.missingDirectory {
            try await LogNode.create(configuration, directory: directory)
            return try await LogNode.open(configuration, directory: directory)
        }
    }

    /// Until an append fails.
    private static func load(_ node: LogNode, prefix: String) async {
        var turn = 0
        do {
            while true {
                turn += 1
                if turn % 7 == 0 {
                    let texts = (1...3).map { "\(prefix)-\(turn).\($0)" }
                    let slots = try await node.append(contentsOf: texts.map { Array($0.utf8) })
                    let first = slots.lowerBound.rawValue
                    let lines = zip(first..., texts).map { "\($0) \($1)\n" }
                    say(1, lines.joined())
                } else {
                    let text = "\(prefix)-\(turn)"
                    let slot = try await node.append(Array(text.utf8))
                    say(1, "\(slot.rawValue) \(text)\n")
                }
            }
        } catch {
            // `run()` says why.
            return
        }
    }

    /// Whole and at once: short writes to a pipe are not torn.
    private static func say(_ descriptor: Int32, _ text: String) {
        var text = text
        text.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
    }

    private static func end(_ status: Int32, _ text: String) -> Never {
        say(2, text + "\n")
        _exit(status)
    }
}
