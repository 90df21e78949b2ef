import Foundation
import PaxosSimulator
package import Platform

/// Every link between members, each with a fault of its own: a proxy that stands before each member once
/// for each other member. A member sends to another over connections that it makes itself, so that a
/// link has one direction.
package final class Links: Sendable {
    package struct Link: Hashable, Sendable {
        package let from: Int
        package let to: Int

        package init(from: Int, to: Int) {
            self.from = from
            self.to = to
        }
    }

    private struct Control {
        /// The latest that was set is in force.
        var faults: [Link: [(key: Int, fault: LinkFault)]] = [:]
        var counts: [LinkFault: Int] = [:]
        var connections = 0
        var carried: [Link: Int] = [:]
        var shape: LinkShape?
        var isOver = false
    }

    private let control = Locked(Control())
    private let ports: [Link: UInt16]
    private let thread: PinnedThread

    /// - Parameters:
    ///   - targets: Where each member listens.
    ///   - shape: What each link can carry; without it as much as comes.
    ///   - oneIn: Of so many frames one meets a fault, if there is one.
    package init(
        targets: [UInt16],
        seed: UInt64,
        shape: LinkShape? = nil,
        oneIn: Int = 6
    ) throws(PosixError) {
        var ports: [Link: UInt16] = [:]
        var listeners: [Proxy.Listener] = []
        for from in targets.indices {
            for to in targets.indices where to != from {
                let link = Link(from: from, to: to)
                let socket = try Loopback.listening(receiveBytes: shape.map { $0.bufferBytes })
                ports[link] = socket.port
                listeners.append(
                    Proxy.Listener(descriptor: socket.descriptor, link: link, target: targets[to])
                )
            }
        }
        self.ports = ports
        control.withLock { $0.shape = shape }
        let control = control
        let found = listeners
        thread = try PinnedThread(name: "links") {
            var proxy = Proxy(listeners: found, seed: seed, oneIn: oneIn)
            while true {
                let (faults, shape, isOver) = control.withLock { control in
                    let faults = control.faults.compactMapValues { $0.last?.fault }
                    return (faults, control.shape, control.isOver)
                }
                if isOver { break }
                proxy.shape(shape)
                let report = proxy.turn(faults)
                control.withLock { control in
                    control.connections += report.connections
                    control.carried = report.carried
                    control.counts.merge(report.faults) { $0 + $1 }
                }
            }
            proxy.closeAll()
        }
    }

    /// Where one member reaches another.
    package func port(_ link: Link) -> UInt16 { ports[link] ?? 0 }

    /// Until `heal` is called with the same key.
    package func set(_ fault: LinkFault, on links: [Link], key: Int) {
        control.withLock { control in
            for link in links { control.faults[link, default: []].append((key, fault)) }
        }
    }

    package func heal(key: Int) {
        control.withLock { control in
            for link in control.faults.keys { control.faults[link]?.removeAll { $0.key == key } }
        }
    }

    /// What each link can carry from now on.
    package func reshape(_ shape: LinkShape?) {
        control.withLock { $0.shape = shape }
    }

    /// How often what was done to a frame or a connection.
    package var counts: [LinkFault: Int] { control.withLock { $0.counts } }
    package var connections: Int { control.withLock { $0.connections } }
    /// Every byte that was taken from one member for another so far.
    package func carriedBytes(_ link: Link) -> Int { control.withLock { $0.carried[link] ?? 0 } }
    package var carriedBytes: Int { control.withLock { $0.carried.values.reduce(0, +) } }
    package var all: [Link] { Array(ports.keys) }

    package func close() {
        control.withLock { $0.isOver = true }
        thread.join()
    }
}
