import LogCommands
import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Ports of this machine for processes that must know each other's before the first one listens, and that listen
/// there again after a restart: nobody else who looks for a port is given one of them while this lives.
final class LoopbackPorts: Sendable {
    static let host = "127.0.0.1"

    let ports: [UInt16]
    /// A socket at each port that does not listen: whoever says that the address may be used again, as a replica
    /// does, listens there all the same.
    private let held: [Int32]

    /// Takes different ports that nobody has.
    init(_ count: Int) throws(Failure) {
        var held: [Int32] = []
        var ports: [UInt16] = []
        for _ in 0..<count {
            #if canImport(Darwin)
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
            #else
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            #endif
            held.append(descriptor)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            // Below those that systems give to connections: none takes the port of a member that is down.
            var port: UInt16?
            for _ in 0..<100 where port == nil {
                port = Self.bind(descriptor, to: .random(in: 15_000...32_000))
            }
            guard let port = port ?? Self.bind(descriptor, to: 0) else {
                let code = errno
                for descriptor in held { close(descriptor) }
                throw Failure(PosixError(code: code, operation: "bind", path: Self.host))
            }
            var one: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(4))
            ports.append(port)
        }
        self.ports = ports
        self.held = held
    }

    deinit {
        for descriptor in held { close(descriptor) }
    }

    /// The port that it is bound to then, which the system chooses for none.
    private static func bind(_ descriptor: Int32, to port: UInt16) -> UInt16? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
                systemBind(descriptor, general, size) == 0
                    ? getsockname(descriptor, general, &size) : -1
            }
        }
        return status == 0 ? UInt16(bigEndian: address.sin_port) : nil
    }
}

private func systemBind(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t)
    -> Int32
{
    bind(descriptor, address, size)
}
