import Foundation
package import Platform

/// TCP on loopback.
package enum Loopback {
    private static func withAddress<Result>(
        port: UInt16,
        _ body: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Result
    ) -> (Result, UInt16) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &size) }
        }
        return (result, UInt16(bigEndian: address.sin_port))
    }

    private static func makeSocket() throws(PosixError) -> Int32 {
        #if canImport(Glibc)
        let kind = Int32(SOCK_STREAM.rawValue)
        #else
        let kind = SOCK_STREAM
        #endif
        let descriptor = socket(AF_INET, kind, 0)
        guard descriptor >= 0 else { throw PosixError(code: errno, operation: "socket", path: "") }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    static func setNonBlocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var one: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, size)
    }

    /// A socket at a port; at one that the system chooses, if it is 0.
    private static func bound(
        _ wanted: UInt16 = 0
    ) throws(PosixError) -> (descriptor: Int32, port: UInt16) {
        let descriptor = try makeSocket()
        let (status, port) = withAddress(port: wanted) { address, size in
            bind(descriptor, address, size) == 0 ? getsockname(descriptor, address, &size) : -1
        }
        guard status == 0 else {
            let code = errno
            close(descriptor)
            throw PosixError(code: code, operation: "bind", path: "\(port)")
        }
        return (descriptor, port)
    }

    /// A socket that takes connections.
    ///
    /// - Parameter receiveBytes: What the system takes of each before it is read, about.
    static func listening(
        receiveBytes: Int? = nil
    ) throws(PosixError) -> (descriptor: Int32, port: UInt16) {
        let socket = try bound()
        if var bytes = receiveBytes.map(Int32.init(clamping:)) {
            setsockopt(socket.descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(4))
        }
        guard listen(socket.descriptor, 64) == 0 else {
            throw PosixError(code: errno, operation: "listen", path: "\(socket.port)")
        }
        setNonBlocking(socket.descriptor)
        return socket
    }

    /// A socket that is on its way there: it becomes writable, or fails.
    package static func connecting(to port: UInt16) -> Int32? {
        guard let descriptor = try? makeSocket() else { return nil }
        setNonBlocking(descriptor)
        let (status, _) = withAddress(port: port) { connect(descriptor, $0, $1) }
        if status == 0 || errno == EINPROGRESS { return descriptor }
        close(descriptor)
        return nil
    }

    /// Ports that nobody has. They are kept until this process ends, by sockets that do not listen: nobody else who
    /// looks for a port is given one of a node that is down, and a node, which says that the address may be used
    /// again, listens there. Below those that systems give to connections, which never meet them then.
    package static func freePorts(_ count: Int) throws(PosixError) -> [UInt16] {
        var ports: [UInt16] = []
        for attempt in 0..<1_000 where ports.count < count {
            do throws(PosixError) {
                let socket = try bound(.random(in: 15_000...32_000))
                var one: Int32 = 1
                setsockopt(socket.descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(4))
                ports.append(socket.port)
            } catch {
                if attempt == 999 { throw error }
            }
        }
        return ports
    }

    /// Ends a connection so that the other end is told by a reset.
    static func reset(_ descriptor: Int32) {
        var linger = linger(l_onoff: 1, l_linger: 0)
        let size = socklen_t(MemoryLayout.size(ofValue: linger))
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, size)
        close(descriptor)
    }
}
