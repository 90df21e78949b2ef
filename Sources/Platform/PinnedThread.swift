#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif
import CPlatform
import Synchronization

/// An operating-system thread with a name and a stack of its own, for work that blocks: an LMDB
/// writer must begin and commit on one thread, and no blocking call belongs on the cooperative
/// pool.
///
/// `join()` blocks the caller until the thread is gone and may be called once. Async code awaits
/// `ended()` first, which suspends without holding a thread; `join()` then returns at once. A
/// thread that nobody joined is detached when this object goes.
package final class PinnedThread: Sendable {
    private let thread: UInt
    private let ending: Ending
    private let joined = Atomic(false)

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - name: What debuggers and `top` show; Linux keeps the first 15 bytes.
    ///   - stackBytes: Size of the stack, at least 64 KiB.
    ///   - body: What the thread does; the thread ends when it returns.
    /// - Throws: The errno of pthread_create, such as `EAGAIN` at the limit of threads.
    package init(
        name: String,
        stackBytes: Int = 1 << 20,
        body: @escaping @Sendable () -> Void
    ) throws(PosixError) {
        precondition(stackBytes >= 1 << 16, "a stack of less than 64 KiB")
        let ending = Ending()
        let start = Unmanaged.passRetained(Start(name: name, body: body, ending: ending))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        // A size that is not a multiple of the page is refused on Darwin.
        pthread_attr_setstacksize(&attributes, (stackBytes + 0xFFFF) & ~0xFFFF)
        #if canImport(Darwin)
        var created: pthread_t?
        let code = pthread_create(
            &created,
            &attributes,
            { runPinnedThread($0) },
            start.toOpaque()
        )
        let bits = UInt(bitPattern: created)
        #else
        var created = pthread_t()
        let code = pthread_create(
            &created,
            &attributes,
            { runPinnedThread($0) },
            start.toOpaque()
        )
        let bits = UInt(created)
        #endif
        guard code == 0 else {
            start.release()
            throw PosixError(code: code, operation: "pthread_create", path: name)
        }
        self.thread = bits
        self.ending = ending
    }

    deinit {
        guard !joined.load(ordering: .relaxed) else { return }
        #if canImport(Darwin)
        if let thread = pthread_t(bitPattern: thread) { pthread_detach(thread) }
        #else
        pthread_detach(pthread_t(thread))
        #endif
    }

    /// Blocks until the thread has ended. Once only; not on the thread itself; not on the
    /// cooperative pool, unless `ended()` has returned.
    package func join() {
        let second = joined.exchange(true, ordering: .relaxed)
        precondition(!second, "a thread is joined once")
        #if canImport(Darwin)
        let code = pthread_t(bitPattern: thread).map { pthread_join($0, nil) } ?? ESRCH
        #else
        let code = pthread_join(pthread_t(thread), nil)
        #endif
        precondition(code == 0, "pthread_join: \(PosixError.text(of: code))")
    }

    /// Suspends until the body has returned. Any number of tasks may await it, at any time.
    package func ended() async {
        await withCheckedContinuation { ending.await($0) }
    }

    /// Whether the body has returned.
    package var hasEnded: Bool { ending.isOver }
}

/// The end of a thread's body, and who waits for it.
private final class Ending: Sendable {
    private struct State {
        var isOver = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Locked(State())

    var isOver: Bool { state.withLock { $0.isOver } }

    func await(_ waiter: CheckedContinuation<Void, Never>) {
        let isOver = state.withLock { state in
            if !state.isOver { state.waiters.append(waiter) }
            return state.isOver
        }
        if isOver { waiter.resume() }
    }

    func finish() {
        let waiters = state.withLock { state in
            state.isOver = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

/// What a new thread is handed.
private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void
    let ending: Ending

    init(name: String, body: @escaping @Sendable () -> Void, ending: Ending) {
        self.name = name
        self.body = body
        self.ending = ending
    }
}

private func runPinnedThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let ending: Ending
    do {
        // The body and all it captured are gone before anybody hears of the end.
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        setThreadName(start.name)
        ending = start.ending
        start.body()
    }
    ending.finish()
    return nil
}

private func setThreadName(_ name: String) {
    // Sixteen bytes with the final zero is the kernel's limit; a longer name would be refused
    // whole.
    let short = String(decoding: name.utf8.prefix(15), as: UTF8.self)
    cplatform_set_thread_name(short)
}
