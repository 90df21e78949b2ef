import CoreMetrics
import Logging
import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// A directory for a one-member node.
final class NodeDirectory: Sendable {
    private let scratch: Scratch
    var root: String { scratch.path }
    let configuration: LogNode.Configuration

    init(_ change: (inout Limits) -> Void = { _ in }) throws {
        scratch = try Scratch("node")
        var limits = Limits.small
        change(&limits)
        configuration = LogNode.Configuration(
            cluster: try ClusterID("tests"),
            node: 1,
            membership: try Membership([1]),
            limits: limits,
            storage: .small
        )
    }

    var path: String { root + "/n1" }

    func create() async throws(LogCreateError) {
        try await LogNode.create(configuration, directory: path)
    }

    func open(logger: Logger? = nil) async throws(LogOpenError) -> LogNode {
        try await LogNode.open(configuration, directory: path, logger: logger)
    }

    /// A new node.
    func make() async throws -> LogNode {
        try await create()
        return try await open()
    }

    /// Waits for the directory that a dropped node has let go of.
    func openEventually() async throws -> LogNode {
        var node: LogNode?
        try await eventually("the directory is free", within: .seconds(60)) {
            do throws(LogOpenError) {
                node = try await open()
            } catch {
                guard case .directoryInUse = error else { throw error }
            }
            return node != nil
        }
        return try #require(node)
    }

    /// Makes the directory with these entries, accepted under 1.n1, the first ones known as committed.
    func write(_ entries: [Entry], committed: Slot) async throws {
        try await create()
        let store = try openStore()
        let listener = Listener()
        store.start(observer: listener)
        let ballot = Ballot(round: 1, node: 1)
        store.submit(1) { written in
            written.promised = ballot
            written.lastRound = 1
            written.accepted = [
                AcceptedRun(ballot: ballot, run: EntryRun(first: 1, entries: entries))
            ]
        }
        #expect(listener.wait(through: 1))
        store.submit(2) { written in
            written.committed = committed
            written.isFinal = true
        }
        #expect(listener.wait(through: 2))
        store.closeAndWait()
    }

    /// A store of the directory, to write by hand what a node would not.
    func openStore() throws(LogOpenError) -> LMDBStore {
        try LMDBStore.open(
            at: path,
            expecting: (configuration.cluster, 1, configuration.membership),
            storage: configuration.storage,
            limits: configuration.limits
        )
    }
}

/// Runs the node beside the body and shuts it down after it.
func running<Value>(
    _ node: LogNode,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (LogNode) async throws -> Value
) async throws -> Value {
    let run = Task { try await node.run() }
    do {
        try await eventually("the node runs") { node.isRunning }
        let value = try await body(node)
        await node.shutdown()
        try await run.value
        #expect(node.inbox.held == Inbox.Held())
        #expect(node.inbox.state.withLock { $0.waiters.count } == 0)
        return value
    } catch {
        await node.close()
        _ = await run.result
        throw error
    }
}

/// As `running(_:_:)`, of a node that the body makes fail.
func failing(_ node: LogNode, _ body: (LogNode) async throws -> Void) async throws {
    let run = Task { try await node.run() }
    try await eventually("the node runs") { node.isRunning }
    try await body(node)
    await #expect(throws: LogRunError.self) { try await run.value }
    #expect(node.inbox.held == Inbox.Held())
    #expect(node.inbox.state.withLock { $0.waiters.count } == 0)
}

extension LogNode {
    var isRunning: Bool { inbox.state.withLock { $0.phase == .running } }

    /// Appends that wait outside the inbox.
    var overflowing: Int { inbox.state.withLock { $0.overflow.count } }

    /// The whole log, page by page.
    func everything() async throws(ReadError) -> [LogPage.Entry] {
        guard let end = try? await barrier() else { throw .closed }
        var found: [LogPage.Entry] = []
        var next = Slot.first
        while next <= end {
            let page = try await entries(in: next...end)
            found += page.entries
            next = page.through.next
        }
        return found
    }

    /// So many entries of a subscription, whose chain of predecessors is checked.
    func take(_ count: Int, from slot: Slot = .first) async throws -> [LogPage.Entry] {
        var iterator = subscribe(from: slot).makeAsyncIterator()
        return try await iterator.take(count, after: slot.previous)
    }
}

extension LogNode.Subscription.Iterator {
    mutating func take(_ count: Int, after slot: Slot) async throws -> [LogPage.Entry] {
        var taken: [LogPage.Entry] = []
        var last = slot
        while taken.count < count {
            let event = try await next()
            if case .progress(let through) = event {
                #expect(through > last)
                continue
            }
            guard case .entry(let slot, let payload, let previous) = event else { break }
            #expect(previous == last, "the chain breaks at \(slot)")
            #expect(slot > last)
            last = slot
            taken.append(LogPage.Entry(slot: slot, payload: payload))
        }
        return taken
    }
}

/// The bytes of a number.
func payload(_ number: Int) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
}

func number(_ payload: [UInt8]) -> Int {
    payload.reversed().reduce(0) { $0 << 8 | Int($1) }
}

/// Where a thread stands until it is let through, one at a time.
final class Gate: Sendable {
    private let state = Locked((isOpen: false, isReached: false))
    private let parker = Parker()

    var isReached: Bool { state.withLock { $0.isReached } }

    func stand() {
        state.withLock { $0.isReached = true }
        while !state.withLock({ $0.isOpen }) { parker.park() }
    }

    func open() {
        state.withLock { $0.isOpen = true }
        parker.unpark()
    }

    func shut() { state.withLock { $0 = (false, false) } }
}
