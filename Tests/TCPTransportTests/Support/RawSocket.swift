import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A plain connection to a port of this machine, to say what no node says.
final class RawSocket: Sendable {
    private let descriptor: Int32

    private static func make() -> Int32 {
        #if canImport(Glibc)
        socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        socket(AF_INET, SOCK_STREAM, 0)
        #endif
    }

    /// Whether somebody takes connections there.
    static func isTaken(_ port: UInt16) -> Bool {
        let descriptor = make()
        defer { close(descriptor) }
        return withLoopback(port) { connect(descriptor, $0, $1) }.0 == 0
    }

    init(port: UInt16) throws {
        descriptor = Self.make()
        try #require(descriptor >= 0)
        let descriptor = descriptor
        let (status, _) = withLoopback(port) { connect(descriptor, $0, $1) }
        try #require(status == 0, "connect: \(errno)")
        limitWaits(of: descriptor)
    }

    /// One that was accepted.
    fileprivate init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            // A peer that has closed is no reason to be killed.
            let flags = Int32(0x4000)
            var rest = UnsafeRawBufferPointer(buffer)
            while !rest.isEmpty {
                let count = Self.write(descriptor, rest, flags)
                guard count > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }

    private static func write(
        _ descriptor: Int32,
        _ bytes: UnsafeRawBufferPointer,
        _ flags: Int32
    ) -> Int {
        #if canImport(Glibc)
        Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags)
        #else
        write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }

    /// What arrives next; empty when the other end has closed or says nothing for long.
    func receive(atMost count: Int = 4_096) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let count = read(descriptor, &bytes, bytes.count)
        return Array(bytes[..<max(0, count)])
    }

    /// Everything up to the other end's close.
    func receiveAll() -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let next = receive()
            if next.isEmpty { return all }
            all += next
        }
    }
}

/// A port of this machine at which somebody plain takes connections.
final class RawListener: Sendable {
    private let descriptor: Int32
    let port: UInt16

    /// - Parameter receiveBytes: What each connection takes without being read, about.
    init(receiveBytes: Int32) throws {
        #if canImport(Glibc)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        try #require(descriptor >= 0)
        let descriptor = descriptor
        var bytes = receiveBytes
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(4))
        let (status, port) = withLoopback(0) { address, size in
            guard bind(descriptor, address, size) == 0, listen(descriptor, 16) == 0 else {
                return -1
            }
            var size = size
            return getsockname(descriptor, address, &size)
        }
        try #require(status == 0, "listen: \(errno)")
        self.port = port
        limitWaits(of: descriptor)
    }

    deinit { close(descriptor) }

    /// A port at which nobody listens at the moment.
    static func unusedPort() throws -> UInt16 { try RawListener(receiveBytes: 1 << 12).port }

    func accept() throws -> RawSocket {
        #if canImport(Glibc)
        let connection = Glibc.accept(descriptor, nil, nil)
        #else
        let connection = Darwin.accept(descriptor, nil, nil)
        #endif
        try #require(connection >= 0, "accept: \(errno)")
        limitWaits(of: connection)
        return RawSocket(descriptor: connection)
    }
}

/// Calls with an address of this machine, and gives back the port that it has afterwards.
private func withLoopback(
    _ port: UInt16,
    _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Int32
) -> (status: Int32, port: UInt16) {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
    }
    return (status, UInt16(bigEndian: address.sin_port))
}

/// Nothing here may wait for ever.
private func limitWaits(of descriptor: Int32) {
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(
        descriptor,
        SOL_SOCKET,
        SO_RCVTIMEO,
        &limit,
        socklen_t(MemoryLayout<timeval>.size)
    )
}
