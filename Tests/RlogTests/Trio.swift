import Foundation
import Platform
import Testing

/// Three `rlog node` processes on loopback, each with a directory of its own.
final class Trio: Sendable {
    /// The election timeout in milliseconds. Above the default of 300, because a run of all tests keeps
    /// the machine busy and what it costs the nodes does not grow with the timeout.
    static let election = 500

    let directories: [String]
    private let ports: [UInt16]
    private let nodes = Locked<[NodeClient]>([])

    init(in scratch: borrowing Scratch) throws {
        ports = try freePorts(3)
        directories = (1...3).map { [path = scratch.path] in "\(path)/n\($0)" }
        for (place, directory) in directories.enumerated() {
            let made = try Rlog.run(
                "init",
                "--data",
                directory,
                "--cluster",
                "trio",
                "--id",
                "\(place + 1)",
                "--members",
                "1,2,3"
            )
            try #require(made.status == 0)
        }
        let started = try (0..<3).map(start)
        nodes.withLock { $0 = started }
    }

    private func start(_ place: Int) throws -> NodeClient {
        var arguments = [
            "--data", directories[place], "--listen", "127.0.0.1:\(ports[place])",
            "--election-ms", "\(Self.election)",
        ]
        for other in 0..<3 where other != place {
            arguments += ["--peer", "\(other + 1)=127.0.0.1:\(ports[other])"]
        }
        return try NodeClient(arguments)
    }

    func restart(_ place: Int) throws {
        let node = try start(place)
        nodes.withLock { $0[place] = node }
        #expect(waitUntil(10) { node.isReady })
    }

    subscript(place: Int) -> NodeClient { nodes.withLock { $0[place] } }

    /// The place of the leader, as the nodes see it that answer.
    func leader() -> Int? {
        for _ in 0..<100 {
            for place in 0..<3 {
                let status = self[place].ask("status", seconds: 2)
                if status?["role"] as? String == "leader" { return place }
            }
        }
        return nil
    }

    func end() {
        for place in 0..<3 { self[place].endInput() }
        for place in 0..<3 { #expect(self[place].exit(within: 6) == 0) }
    }
}
