internal import Platform
internal import ReplicatedLog

extension TransportRun {
    /// Messages of every size arrive, in both directions, as they were sent.
    func delivers() async throws {
        let nodes = [try await open(1), try await open(2), try await open(3)]
        for sender in nodes {
            for receiver in nodes where receiver !== sender {
                let sizes = [0, 1, 255, 4_096, 70_000, Traffic.maxPayload]
                var sent = sizes.enumerated().map { number, bytes in
                    Traffic.log(number, bytes: bytes, from: sender.node, to: receiver.node)
                }
                sent += (0..<20).map {
                    Traffic.liveness($0, from: sender.node, to: receiver.node)
                }
                let isDelivered = await deliver(sent, from: sender, to: receiver)
                expect(isDelivered, "messages \(sender.node) -> \(receiver.node) do not arrive")
                let others = receiver.received.filter {
                    $0.source == sender.node && !sent.contains($0)
                }
                expect(others.isEmpty, "\(receiver.node) was given what nobody sent")
            }
        }
    }

    /// What nobody takes is dropped, and does not hold up what stands beside it.
    func dropsWhatNobodyTakes() async throws {
        let first = try await open(1)
        let second = try await open(2)
        for number in 0..<100 {
            first.transport.send([
                Traffic.log(number, bytes: 1_000, from: 1, to: 99),
                Traffic.liveness(number, from: 1, to: 99),
                // In the cluster, and not started.
                Traffic.log(number, bytes: 1_000, from: 1, to: 3),
            ])
        }
        let known = [Traffic.liveness(0, from: 1, to: 2)]
        let isDelivered = await deliver(known, from: first, to: second)
        expect(isDelivered, "messages beside those for an unknown node do not arrive")
    }

    /// A receiver that takes nothing costs no more than the bound, holds up neither `send` nor the other
    /// peer, and hears what is urgent before the log that waits.
    func isBoundedAndKeepsLanesApart() async throws {
        let sender = try await open(1)
        let stopped = try await open(2)
        let other = try await open(3)
        // Connections are made before the test of what they hold.
        let isConnected = await deliver(
            [Traffic.liveness(1_000_000, from: 1, to: 2)],
            from: sender,
            to: stopped
        )
        guard isConnected else { return report("messages n1 -> n2 do not arrive") }
        let isPaused = await fixture.pause(2)
        if !isPaused {
            stopped.block(true)
            // Its hands are full from now on: what comes next is held by the transport.
            sender.transport.send([Traffic.log(4_000_000, bytes: 100, from: 1, to: 2)])
            let isTaking = await Wait.until(patience) { stopped.isTaking }
            expect(isTaking, "messages n1 -> n2 do not arrive")
        }

        let bytes = 64 << 10
        let count = 4 * fixture.maxBytesUnderWay / bytes + 16
        let isSent = await sendFlood(count: count, bytes: bytes, from: sender)
        expect(isSent, "send waits for a receiver that takes nothing")
        let urgent = Traffic.liveness(2_000_000, from: 1, to: 2)
        if isSent {
            let beside = [Traffic.log(0, bytes: 100, from: 1, to: 3)]
            let isBeside = await deliver(beside, from: sender, to: other)
            expect(isBeside, "a receiver that takes nothing holds up another")
            sender.transport.send([urgent])
        }

        if isPaused { await fixture.resume(2) } else { stopped.block(false) }
        guard isSent else { return }
        let isHeard = await Wait.until(patience) { stopped.has(urgent) }
        expect(isHeard, "a message of liveness is lost because the log lane is full")
        await untilQuiet(stopped)
        judge(stopped.received, urgent: isHeard ? urgent : nil)
        let again = [Traffic.log(3_000_000, bytes: 100, from: 1, to: 2)]
        let isBack = await deliver(again, from: sender, to: stopped)
        expect(isBack, "nothing arrives after the receiver took nothing for a while")
    }

    private func judge(_ received: [Envelope], urgent: Envelope?) {
        let log = received.filter { $0.lane == .log }
        let total = log.reduce(0) { $0 + $1.byteCount }
        expect(
            total <= fixture.maxBytesUnderWay,
            "\(total) bytes were held for a receiver that took nothing"
        )
        let place = received.firstIndex { $0.lane == .liveness && $0 == urgent }
        if let place, log.count > 8 {
            expect(
                received[place...].contains { $0.lane == .log },
                "a message of liveness waits for the whole log lane"
            )
        }
    }

    /// On a thread of its own, because it may block.
    private func sendFlood(count: Int, bytes: Int, from sender: Endpoint) async -> Bool {
        let isDone = Locked(false)
        let transport = sender.transport
        let thread = try? PinnedThread(name: "flood") {
            for number in 0..<count {
                transport.send([Traffic.log(number, bytes: bytes, from: 1, to: 2)])
            }
            isDone.withLock { $0 = true }
        }
        guard thread != nil else { return false }
        return await Wait.until(patience * 3) { isDone.withLock { $0 } }
    }

    private func untilQuiet(_ endpoint: Endpoint) async {
        let seen = Locked(-1)
        for _ in 0..<100 {
            await Wait.pass(.seconds(1))
            let count = endpoint.receivedCount
            let isQuiet = seen.withLock { seen in
                defer { seen = count }
                return seen == count
            }
            if isQuiet { return }
        }
        report("messages go on arriving though nothing is sent")
    }

    /// Nothing is handed over once `stop` has returned, though the peer goes on sending.
    func endsWhenStopped() async throws {
        let sender = try await open(1)
        let receiver = try await open(2)
        let isOver = Locked(false)
        let transport = sender.transport
        let thread = try PinnedThread(name: "flood") {
            var number = 0
            while !isOver.withLock({ $0 }) {
                transport.send([
                    Traffic.log(number, bytes: 200, from: 1, to: 2),
                    Traffic.liveness(number, from: 1, to: 2),
                ])
                number += 1
            }
        }
        let isFlowing = await Wait.until(patience) { receiver.receivedCount > 100 }
        expect(isFlowing, "messages n1 -> n2 do not arrive")
        let running = await receiver.stop()
        expect(running == 0, "stop returned while receive was running")
        let count = receiver.receivedCount
        await Wait.pass(.milliseconds(200))
        expect(receiver.receivedCount == count, "messages arrive after stop has returned")
        isOver.withLock { $0 = true }
        await thread.ended()
    }

    /// A peer that goes and comes back is reached again, and reaches the others.
    func survivesARestart() async throws {
        let first = try await open(1)
        for life in 0..<3 {
            let second = try await open(2)
            let out = [Traffic.log(life, bytes: 1_000, from: 1, to: 2)]
            let back = [Traffic.log(life, bytes: 1_000, from: 2, to: 1)]
            let isReached = await deliver(out, from: first, to: second)
            expect(isReached, "a peer is not reached in its life number \(life + 1)")
            let isAnswered = await deliver(back, from: second, to: first)
            expect(isAnswered, "a peer reaches nobody in its life number \(life + 1)")
            _ = await second.stop()
            for number in 0..<100 {
                first.transport.send([Traffic.liveness(number, from: 1, to: 2)])
            }
        }
    }

    /// `send` and `stop` may be called at any time.
    func takesCallsOutOfOrder() async throws {
        let idle = try await Endpoint(3, fixture)
        idle.transport.send([Traffic.liveness(0, from: 3, to: 1)])
        _ = await idle.stop()
        let first = try await open(1)
        _ = await first.stop()
        _ = await first.stop()
        first.transport.send([Traffic.liveness(0, from: 1, to: 2)])
        let late = try await Endpoint(2, fixture)
        late.transport.send([Traffic.liveness(1, from: 2, to: 1)])
        try await late.start()
        let again = try await open(1)
        let known = [Traffic.log(0, bytes: 10, from: 2, to: 1)]
        let isDelivered = await deliver(known, from: late, to: again)
        expect(isDelivered, "a transport that was used before its start does not deliver")
        _ = await late.stop()
    }
}
