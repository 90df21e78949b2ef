internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import Platform

/// Finds the addresses of one peer. An address in numbers is taken as it is; a name is looked up on a thread of
/// its own, so that a resolver that says nothing holds up neither the event loop nor another peer (`R90`).
///
/// An object has at most one thread under way: who asks meanwhile waits for the same answer. A thread that
/// nobody waits for any more ends when the system's resolver does.
final class NameLookUp {
    /// An answer that is to come; it is given on the loop, by whoever is first.
    private final class Pending: Sendable {
        let name: String
        let future: EventLoopFuture<[String]>
        private let promise: NIOLockedValueBox<EventLoopPromise<[String]>?>

        init(_ name: String, on loop: any EventLoop) {
            self.name = name
            let promise = loop.makePromise(of: [String].self)
            future = promise.futureResult
            self.promise = NIOLockedValueBox(promise)
        }

        /// Within the lock: whoever ends the loop has come here before, or finds nothing to do any more.
        func end(_ addresses: [String]) {
            promise.withLockedValue { promise in
                promise?.succeed(addresses)
                promise = nil
            }
        }
    }

    private let loop: any EventLoop
    private let addresses: @Sendable (String) -> [String]
    private var pending: Pending?

    init(on loop: any EventLoop, _ addresses: @escaping @Sendable (String) -> [String]) {
        self.loop = loop
        self.addresses = addresses
    }

    /// Where a connection can be made to.
    enum Target {
        case address(SocketAddress)
        /// A name, to be looked up.
        case name(any Resolver & Sendable)
    }

    func target(_ address: TCPAddress) -> Target {
        let port = Int(address.port)
        if let literal = try? SocketAddress(ipAddress: address.host, port: port) {
            return .address(literal)
        }
        return .name(NamedAddresses(found: look(up: address.host), port: port))
    }

    /// On the loop.
    private func look(up name: String) -> EventLoopFuture<[String]> {
        if let pending, pending.name == name { return pending.future }
        let next = Pending(name, on: loop)
        let own = NIOLoopBound(self, eventLoop: loop)
        next.future.whenComplete { _ in
            if own.value.pending === next { own.value.pending = nil }
        }
        pending = next
        let addresses = addresses
        // Detached: whoever waits is told, and nobody waits for the thread.
        let thread = try? PinnedThread(name: "rlog-resolve") {
            next.end(addresses(name))
        }
        if thread == nil { next.end([]) }
        return next.future
    }

    /// Nobody waits any more.
    func close() {
        pending?.end([])
    }

    /// The first address of a place to listen at, if it is found within the limit.
    static func first(
        of address: TCPAddress,
        within limit: TimeAmount,
        on loop: any EventLoop,
        _ addresses: @escaping @Sendable (String) -> [String]
    ) -> EventLoopFuture<SocketAddress?> {
        let port = Int(address.port)
        if let literal = try? SocketAddress(ipAddress: address.host, port: port) {
            return loop.makeSucceededFuture(literal)
        }
        return loop.flatSubmit {
            let lookUp = NIOLoopBound(NameLookUp(on: loop, addresses), eventLoop: loop)
            let end = loop.scheduleTask(in: limit) { lookUp.value.close() }
            return lookUp.value.look(up: address.host).map { texts in
                end.cancel()
                return texts.lazy.compactMap { try? SocketAddress(ipAddress: $0, port: port) }.first
            }
        }
    }
}

/// What was found, in the words of NIO, which tries the addresses of both kinds side by side.
private struct NamedAddresses: Resolver, Sendable {
    let found: EventLoopFuture<[String]>
    let port: Int

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        addresses(.inet)
    }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        addresses(.inet6)
    }

    private func addresses(
        _ family: NIOBSDSocket.ProtocolFamily
    ) -> EventLoopFuture<[SocketAddress]> {
        found.map { [port] texts in
            texts.compactMap { try? SocketAddress(ipAddress: $0, port: port) }
                .filter { $0.protocol == family }
        }
    }

    func cancelQueries() {}
}
