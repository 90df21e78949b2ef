import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A plain connection to a port of this machine, to say what no node says.
final class RawSocket {
    private let descriptor: Int32

    init(port: UInt16) throws {
        #if canImport(Glibc)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        try #require(descriptor >= 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, size)
            }
        }
        try #require(status == 0, "connect: \(errno)")
        // Nothing here may wait for ever.
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_RCVTIMEO,
            &limit,
            socklen_t(MemoryLayout<timeval>.size)
        )
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
    func receive() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4_096)
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
