import TestSupport
import Testing

@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// Ten thousand appends and hundreds of subscriptions cancelled at random points: every caller is
/// resumed once, and the log agrees with every answer.
@Suite(.shared) struct NodeCancellationTests {
    private enum Answer: Sendable {
        case committed(ClosedRange<Slot>)
        case failed(AppendError)
    }

    @Test(.tags(.slow)) func theLogAgreesWithEveryAnswer() async throws {
        let seed: UInt64 = 1
        let directory = try NodeDirectory { limits in
            limits.inboxAppends = 64
            limits.pipelineSlots = 32
            limits.tailBytes = 4_096
            limits.checkpointSlots = 500
        }
        let node = try await directory.make()
        let answers = try await running(node) { node in
            let subscribers = Self.subscribers(of: node, seed: seed)
            let answers = await Self.appends(to: node, count: 10_000, seed: seed)
            for task in subscribers { task.cancel() }
            for task in subscribers { try await task.value }
            #expect(node.inbox.state.withLock { $0.waiters.count } == 0)
            #expect(try await node.append(payload(1 << 40)) > 0)
            return answers
        }
        let reopened = try await directory.open()
        try await running(reopened) { node in
            let log = try await node.everything()
            Self.check(answers, against: log)
            #expect(try await node.take(log.count) == log)
        }
    }

    private static func appends(to node: LogNode, count: Int, seed: UInt64) async -> [Int: Answer] {
        var random = SplitMix64(seed: seed)
        return await withTaskGroup(of: (Int, Answer).self) { group in
            var answers: [Int: Answer] = [:]
            for number in 0..<count {
                let fate = Int.random(in: 0..<8, using: &random)
                let pause = Int.random(in: 0..<40, using: &random)
                let isBatch = Int.random(in: 0..<10, using: &random) == 0
                let overload = Bool.random(using: &random) ? LogNode.Overload.wait : .fail
                let timeout = fate == 7 ? Duration.milliseconds(pause) : nil
                group.addTask {
                    let append = Task {
                        await Self.append(number, isBatch, timeout, overload, to: node)
                    }
                    if fate == 0 {
                        append.cancel()
                    } else if fate < 4 {
                        for _ in 0..<pause { await Task.yield() }
                        append.cancel()
                    }
                    return (number, await append.value)
                }
                // So many at a time that the inbox overflows.
                if number >= 300, let (number, answer) = await group.next() {
                    answers[number] = answer
                }
            }
            for await (number, answer) in group { answers[number] = answer }
            return answers
        }
    }

    private static func append(
        _ number: Int,
        _ isBatch: Bool,
        _ timeout: Duration?,
        _ overload: LogNode.Overload,
        to node: LogNode
    ) async -> Answer {
        do throws(AppendError) {
            if isBatch {
                let batch = [payload(number), payload(number), payload(number)]
                return .committed(
                    try await node.append(contentsOf: batch, timeout: timeout, overload: overload)
                )
            }
            let slot = try await node.append(payload(number), timeout: timeout, overload: overload)
            return .committed(slot...slot)
        } catch {
            return .failed(error)
        }
    }

    /// Each reads a while from somewhere, again and again, and is cancelled in the middle.
    private static func subscribers(of node: LogNode, seed: UInt64) -> [Task<Void, any Error>] {
        var random = SplitMix64(seed: seed ^ 77)
        return (0..<20).map { _ in
            let plan = (0..<20).map { _ in
                (
                    UInt64.random(in: 1...3_000, using: &random),
                    Int.random(in: 0...60, using: &random)
                )
            }
            return Task {
                for (start, pause) in plan {
                    let slot = Slot(rawValue: start)
                    let reader = Task { try await node.take(.max, from: slot) }
                    for _ in 0..<pause { await Task.yield() }
                    reader.cancel()
                    _ = try await reader.value
                }
            }
        }
    }

    private static func check(_ answers: [Int: Answer], against log: [LogPage.Entry]) {
        #expect(answers.count == 10_000)
        var slots: [Int: [Slot]] = [:]
        for entry in log { slots[number(entry.payload), default: []].append(entry.slot) }
        var kinds = (committed: 0, never: 0, unknown: 0)
        for (number, answer) in answers {
            let found = slots[number] ?? []
            switch answer {
            case .committed(let range):
                kinds.committed += 1
                let wanted = (range.lowerBound.rawValue...range.upperBound.rawValue)
                    .map { Slot(rawValue: $0) }
                #expect(found == wanted, "\(number)")
            case .failed(.unknown):
                kinds.unknown += 1
                #expect(found.count <= 3 && Set(found).count == found.count)
            case .failed:
                kinds.never += 1
                #expect(found.isEmpty, "\(number) was never to be in the log")
            }
        }
        #expect(kinds.committed > 1_000 && kinds.never > 100, "\(kinds)")
    }
}
