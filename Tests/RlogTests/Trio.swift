import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

/// The suites that run trios, two at a time at most: side by side they would slow each other down, and their bounds
/// are times.
@Suite(.heavy, .tags(.slow)) enum TrioTests {}

/// Three `rlog node` processes on loopback, each with a directory of its own.
final class Trio: Sendable {
    /// The election timeout in milliseconds.
    let election: Int
    /// When the first of them was started; the directories were there.
    let begin: MonotonicInstant
    /// What stands between the nodes, if it was asked for.
    let links: Links?
    private let seats: [Seat]
    private let environments: [[String: String]]
    private let more: [[String]]
    private let nodes = Locked<[NodeProcess]>([])

    /// - Parameters:
    ///   - election: Above the default of 300 ms, because a run of all tests keeps the machine busy and
    ///     what it costs the nodes does not grow with the timeout.
    ///   - hasLinks: Whether the nodes reach each other through `links`.
    ///   - shape: What each link can carry; there are links then.
    ///   - faultOneIn: Of so many frames one meets a fault of the links.
    ///   - environments: What each is started with, by places.
    ///   - agreed: More of `rlog init`, the same for all.
    ///   - more: More of `rlog node`, by places.
    init(
        in scratch: Scratch,
        election: Int = 500,
        hasLinks: Bool = false,
        shape: LinkShape? = nil,
        faultOneIn: Int = 6,
        environments: [[String: String]] = [[:], [:], [:]],
        agreed: [String] = [],
        more: [[String]] = [[], [], []]
    ) throws {
        self.election = election
        self.environments = environments
        self.more = more
        let ports = try Loopback.freePorts(3)
        let hasLinks = hasLinks || shape != nil
        let links =
            hasLinks
            ? try Links(targets: ports, seed: 1, shape: shape, oneIn: faultOneIn) : nil
        let path = scratch.path
        self.links = links
        seats = try Seat.all("trio", ports: ports, agreed: agreed, links: links) { _ in path }
        begin = MonotonicClock.now()
        let started = try (0..<3).map(launch)
        nodes.withLock { $0 = started }
    }

    private func launch(_ place: Int) throws -> NodeProcess {
        try NodeProcess(
            seats[place].arguments + ["--election-ms", "\(election)"] + more[place],
            environment: environments[place]
        )
    }

    /// Starts a node that has ended, and waits for nothing.
    func start(again place: Int) throws {
        let node = try launch(place)
        nodes.withLock { $0[place] = node }
    }

    /// Starts a node that has ended, and waits until the cluster is whole: every link to and from it is
    /// there, which a back-off delays by a second at most, and it answers a barrier.
    func restart(_ place: Int) throws {
        let others = (0..<3).filter { $0 != place }
        let before = others.map { connected($0) }
        try start(again: place)
        let node = self[place]
        #expect(
            waitUntil(.seconds(60)) {
                connected(place) >= 4 && others.map { connected($0) }.elementsAreGreater(before)
            },
            "node \(place + 1) is not connected"
        )
        #expect(node.ask("barrier")?.slot != nil)
    }

    /// How many connections to its peers were welcomed so far.
    private func connected(_ place: Int) -> UInt64 {
        self[place].ask("status", atMost: .seconds(2))?.counter("connected") ?? 0
    }

    subscript(place: Int) -> NodeProcess { nodes.withLock { $0[place] } }

    var directories: [String] { seats.map(\.directory) }

    /// The place of the leader, as the nodes see it that answer.
    func leader() -> Int? {
        for _ in 0..<100 {
            for place in 0..<3 {
                let status = self[place].ask("status", atMost: .seconds(2))
                if status?.role == "leader" { return place }
            }
        }
        return nil
    }

    /// Everything that one of them has committed, by slots.
    func log(_ place: Int, through end: UInt64) -> [UInt64: String] {
        var payloads: [UInt64: String] = [:]
        var next: UInt64 = 1
        while next <= end {
            let more = #","from":\#(next),"to":\#(min(end, next + 4_999))"#
            guard let reply = self[place].ask("read", more, atMost: .seconds(60)),
                let entries = reply.entries, let through = reply.through, through >= next
            else { break }
            for entry in entries {
                payloads[entry.slot] = String(decoding: entry.payload, as: UTF8.self)
            }
            next = through + 1
        }
        return payloads
    }

    /// Ends it in the middle of what it does.
    func kill() {
        for place in 0..<3 { self[place].signal(SIGKILL) }
        for place in 0..<3 { #expect(self[place].ending(within: .seconds(60)) == -SIGKILL) }
        links?.close()
    }

    func end() {
        for place in 0..<3 { self[place].endInput() }
        for place in 0..<3 {
            #expect(self[place].ending(within: .seconds(60)) == 0)
            #expect(self[place].strange == [])
        }
        links?.close()
    }
}

extension [UInt64] {
    fileprivate func elementsAreGreater(_ others: [UInt64]) -> Bool {
        // A connection for each lane.
        zip(self, others).allSatisfy { $0 >= $1 + 2 }
    }
}
