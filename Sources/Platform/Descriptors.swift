#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What this process holds open, and what a program that it starts would be left with: a port or a
/// directory that a helper still holds cannot be used by the node's next life (`R90`).
package enum Descriptors {
    /// Keeps a descriptor from programs that this process becomes or starts.
    package static func closeOnExec(_ descriptor: Int32) {
        let flags = fcntl(descriptor, F_GETFD)
        if flags >= 0, flags & FD_CLOEXEC == 0 {
            _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC)
        }
    }

    /// Does so for every epoll descriptor, whoever made it: none is of use to another program. Where there
    /// is no epoll nothing is to be done.
    package static func closePollsOnExec() {
        #if os(Linux)
        guard let folder = opendir("/proc/self/fd") else { return }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                let size = MemoryLayout.size(ofValue: name.pointee)
                return name.withMemoryRebound(to: CChar.self, capacity: size) {
                    String(cString: $0)
                }
            }
            guard let number = Int32(name) else { continue }
            if target("/proc/self/fd/\(name)") == "anon_inode:[eventpoll]" { closeOnExec(number) }
        }
        #endif
    }

    /// What was written to a connection and the other end has not acknowledged; 0 where the system does not
    /// tell.
    package static func unacknowledgedBytes(of descriptor: Int32) -> Int {
        #if os(Linux)
        // SIOCOUTQ of linux/sockios.h.
        let sendQueue: UInt = 0x5411
        var bytes: Int32 = 0
        return ioctl(descriptor, sendQueue, &bytes) == 0 ? Int(bytes) : 0
        #else
        return 0
        #endif
    }

    private static func target(_ path: String) -> String? {
        let longest = 64
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: longest) { buffer in
            guard let begin = buffer.baseAddress else { return nil }
            let count = readlink(path, begin, longest)
            guard count >= 0 else { return nil }
            return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
