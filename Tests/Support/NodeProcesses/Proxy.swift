import Foundation
import PaxosSimulator
import Platform

/// Takes connections and passes on what they carry, all on one thread that polls.
struct Proxy {
    struct Listener: Sendable {
        let descriptor: Int32
        let link: Links.Link
        let target: UInt16
    }

    /// What one turn has done.
    struct Report {
        var connections = 0
        var faults: [LinkFault: Int] = [:]
        /// Since the beginning, what was sent to a peer.
        var carried: [Links.Link: Int] = [:]
    }

    private struct Connection {
        let link: Links.Link
        var forward: Conduit
        var backward: Conduit
        var isOver = false
        var isReset = false
    }

    private let listeners: [Listener]
    private let oneIn: Int
    private var lines: [Links.Link: Line] = [:]
    private var connections: [Connection] = []
    private var generator: SeededGenerator
    private var report = Report()

    init(listeners: [Listener], seed: UInt64, oneIn: Int) {
        self.listeners = listeners
        self.oneIn = oneIn
        for listener in listeners { lines[listener.link] = Line(nil) }
        generator = SeededGenerator(seed: seed)
    }

    mutating func shape(_ shape: LinkShape?) {
        for link in lines.keys { lines[link]?.shape = shape }
    }

    /// Waits until there is something to do, 20 ms at most, and does it.
    mutating func turn(_ faults: [Links.Link: LinkFault]) -> sending Report {
        report = Report()
        var polls = listeners.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        let now = MonotonicClock.now().nanoseconds
        var next = now + 20_000_000
        for connection in connections {
            let isHeld = faults[connection.link] == .blackHole
            let line = lines[connection.link] ?? Line(nil)
            let room = line.roomAt(now)
            if room > now { next = min(next, room) }
            for conduit in [connection.forward, connection.backward] {
                let due = conduit.firstDue
                if let due, due > now { next = min(next, due) }
                // Of a link that swallows everything nothing is read: it waits in the sender's socket.
                let isFull = room > now && conduit.source == connection.forward.source
                let reads = conduit.hasRoom(line) && !isHeld && !isFull
                let writes = !isHeld && due.map { $0 <= now } == true
                polls.append(Self.poll(conduit.source, POLLIN, if: reads))
                polls.append(Self.poll(conduit.sink, POLLOUT, if: writes))
            }
        }
        Foundation.poll(&polls, nfds_t(polls.count), Int32((next - now) / 1_000_000) + 1)
        let arrived = MonotonicClock.now().nanoseconds
        for place in connections.indices {
            let first = listeners.count + 4 * place
            serve(place, polls[first..<first + 4], faults, now: arrived)
        }
        report.carried = lines.mapValues(\.carried)
        for (listener, poll) in zip(listeners, polls) where poll.revents != 0 {
            accept(listener, faults[listener.link])
        }
        sweep()
        return report
    }

    /// Nothing is heard of an end that is not asked for, not even its end.
    private static func poll(_ descriptor: Int32, _ events: Int32, if isAsked: Bool) -> pollfd {
        pollfd(fd: isAsked ? descriptor : -1, events: Int16(events), revents: 0)
    }

    private mutating func serve(
        _ place: Int,
        _ polls: ArraySlice<pollfd>,
        _ faults: [Links.Link: LinkFault],
        now: UInt64
    ) {
        let fault = faults[connections[place].link]
        if fault == .reset {
            report.faults[.reset, default: 0] += 1
            connections[place].isOver = true
            connections[place].isReset = true
            return
        }
        guard fault != .blackHole else { return }
        let ends = Int16(POLLIN) | Int16(POLLHUP) | Int16(POLLERR)
        let found = Array(polls)
        var counts = report.faults
        defer { report.faults = counts }
        let count: (LinkFault) -> Void = { counts[$0, default: 0] += 1 }
        var connection = connections[place]
        var isAlive = true
        let weather = Weather(fault: fault, oneIn: oneIn)
        if found[0].revents & ends != 0 {
            var line = lines[connection.link] ?? Line(nil)
            isAlive = connection.forward.read(weather, now: now, &line, &generator, count)
            lines[connection.link] = line
        }
        if found[2].revents & ends != 0 {
            // Back there is a handshake, and nothing more.
            var line = Line(nil)
            let goesOn = connection.backward.read(weather, now: now, &line, &generator, count)
            isAlive = goesOn && isAlive
        }
        isAlive = connection.forward.write(now: now) && isAlive
        isAlive = connection.backward.write(now: now) && isAlive
        connection.isOver = !isAlive
        connections[place] = connection
    }

    private mutating func accept(_ listener: Listener, _ fault: LinkFault?) {
        let client = Foundation.accept(listener.descriptor, nil, nil)
        guard client >= 0 else { return }
        Loopback.setNonBlocking(client)
        if fault == .reset {
            report.faults[.reset, default: 0] += 1
            return Loopback.reset(client)
        }
        guard let server = Loopback.connecting(to: listener.target) else {
            return Loopback.reset(client)
        }
        report.connections += 1
        connections.append(
            Connection(
                link: listener.link,
                forward: Conduit(from: client, to: server, carriesFrames: true),
                backward: Conduit(from: server, to: client, carriesFrames: false)
            )
        )
    }

    private mutating func sweep() {
        for connection in connections where connection.isOver {
            for descriptor in [connection.forward.source, connection.forward.sink] {
                if connection.isReset {
                    Loopback.reset(descriptor)
                } else {
                    close(descriptor)
                }
            }
        }
        connections.removeAll { $0.isOver }
    }

    mutating func closeAll() {
        for place in connections.indices { connections[place].isOver = true }
        sweep()
        for listener in listeners { close(listener.descriptor) }
    }
}
