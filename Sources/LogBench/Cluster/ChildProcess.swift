import LogCommands
import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// `rlog` once more, as a process of its own whose input and output are one socket.
///
/// The child ends when the other end of the socket is closed, so also when this process is killed.
final class ChildProcess: Sendable {
    private struct State {
        /// What has arrived behind the last line that was taken.
        var received: [UInt8] = []
        var status: Int32?
    }

    private let pid: pid_t
    private let stream: Int32
    private let state = Locked(State())

    /// Starts it. Standard error is this process's.
    init(_ arguments: [String]) throws(PosixError) {
        let program = try Self.program()
        let (own, other) = try Self.socketPair()
        defer { close(other) }
        var pid: pid_t = 0
        let code = Self.spawn(program, arguments, stream: other, &pid)
        guard code == 0 else {
            close(own)
            throw PosixError(code: code, operation: "posix_spawn", path: program)
        }
        self.pid = pid
        stream = own
    }

    deinit { close(stream) }

    /// Sends a line, if there is one, and returns the next line that comes; nil if the child is gone or
    /// silent for so long. One caller at a time. Blocks its thread.
    func exchange(_ line: String?, within limit: Duration) -> [UInt8]? {
        let end = MonotonicClock.now().advanced(by: limit)
        return state.withLock { state in
            if let line, !send(line + "\n") { return nil }
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            var searched = 0
            while true {
                if let newline = state.received[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                    let line = Array(state.received[..<newline])
                    state.received.removeSubrange(...newline)
                    return line
                }
                searched = state.received.count
                guard waitForInput(until: end) else { return nil }
                let count = read(stream, &piece, piece.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return nil }
                state.received += piece[..<count]
            }
        }
    }

    /// Ends the child's input and returns what its end says; one that does not end in time is killed.
    /// Blocks its thread.
    func end(within limit: Duration) -> Ending {
        shutdown(stream, Int32(SHUT_WR))
        let end = MonotonicClock.now().advanced(by: limit)
        return state.withLock { state in
            let parker = Parker()
            while true {
                if let status = reap(&state) { return Ending(status) }
                if MonotonicClock.now() >= end {
                    var status: Int32 = 0
                    kill(pid, SIGKILL)
                    waitpid(pid, &status, 0)
                    state.status = status
                } else {
                    _ = parker.park(timeout: .milliseconds(2))
                }
            }
        }
    }

    /// Ends it at once, and returns when it has ended. Blocks its thread.
    func killNow() {
        state.withLock { state in
            guard state.status == nil else { return }
            var status: Int32 = 0
            kill(pid, SIGKILL)
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            state.status = status
        }
    }

    /// Whether it has ended, by itself or by a signal. Does not wait, unless for a caller of `exchange`.
    var hasEnded: Bool { state.withLock { reap(&$0) != nil } }

    /// What `waitpid` says of it, once it has ended.
    private func reap(_ state: inout State) -> Int32? {
        var status: Int32 = 0
        if state.status == nil, waitpid(pid, &status, WNOHANG) == pid { state.status = status }
        return state.status
    }

    /// How a process ended.
    enum Ending {
        case exit(Int32)
        case signal(Int32)

        /// From what `waitpid` says.
        fileprivate init(_ status: Int32) {
            self = status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F)
        }
    }

    // MARK: - The system

    private func waitForInput(until end: MonotonicInstant) -> Bool {
        while true {
            let left = MonotonicClock.now().duration(to: end) / .milliseconds(1)
            guard left > 0 else { return false }
            var waited = pollfd(fd: stream, events: Int16(POLLIN), revents: 0)
            let count = poll(&waited, 1, Int32(min(left.rounded(.up), 60_000)))
            if count > 0 { return true }
            guard count == 0 || errno == EINTR else { return false }
        }
    }

    private func send(_ text: String) -> Bool {
        #if canImport(Darwin)
        let flags: Int32 = 0
        #else
        let flags = Int32(MSG_NOSIGNAL)
        #endif
        var rest = ArraySlice(text.utf8)
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write($0, flags) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private func write(_ bytes: UnsafeRawBufferPointer, _ flags: Int32) -> Int {
        systemSend(stream, bytes, flags)
    }

    private static func socketPair() throws(PosixError) -> (own: Int32, other: Int32) {
        var ends: [Int32] = [-1, -1]
        #if canImport(Darwin)
        let kind = SOCK_STREAM
        #else
        let kind = Int32(SOCK_STREAM.rawValue)
        #endif
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw PosixError(code: errno, operation: "socketpair", path: "")
        }
        // No other child may hold an end open.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        #if canImport(Darwin)
        var one: Int32 = 1
        setsockopt(ends[0], SOL_SOCKET, SO_NOSIGPIPE, &one, socklen_t(MemoryLayout<Int32>.size))
        #endif
        return (ends[0], ends[1])
    }

    /// The file of this program, if it is `rlog`; that of the `rlog` beside it, if it is `rlog-bench`, which has no
    /// nodes to run.
    private static func program() throws(PosixError) -> String {
        var path = [CChar](repeating: 0, count: 4_096)
        #if canImport(Darwin)
        var size = UInt32(path.count)
        guard _NSGetExecutablePath(&path, &size) == 0 else {
            throw PosixError(code: ENAMETOOLONG, operation: "readlink", path: "rlog")
        }
        #else
        guard readlink("/proc/self/exe", &path, path.count - 1) > 0 else {
            throw PosixError(code: errno, operation: "readlink", path: "/proc/self/exe")
        }
        #endif
        let file = path.withUnsafeBufferPointer { path in
            path.baseAddress.map { String(cString: $0) } ?? ""
        }
        let suffix = "-bench"
        return file.hasSuffix("/rlog" + suffix) ? String(file.dropLast(suffix.count)) : file
    }

    private static func spawn(
        _ program: String,
        _ arguments: [String],
        stream: Int32,
        _ pid: inout pid_t
    ) -> Int32 {
        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        #else
        var actions = posix_spawn_file_actions_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, stream, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, stream, STDOUT_FILENO)
        #if canImport(Darwin)
        var attributes: posix_spawnattr_t?
        #else
        var attributes = posix_spawnattr_t()
        #endif
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own: a Ctrl-C at the terminal is for whoever has started it.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let words = ([program] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        return posix_spawn(&pid, program, &actions, &attributes, words + [nil], environ)
    }
}

private func systemSend(_ stream: Int32, _ bytes: UnsafeRawBufferPointer, _ flags: Int32) -> Int {
    send(stream, bytes.baseAddress, bytes.count, flags)
}
