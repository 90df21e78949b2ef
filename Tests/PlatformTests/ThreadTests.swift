import Platform
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

@Suite(.shared) struct PinnedThreadTests {
    @Test func runsItsBodyOnAThreadOfItsOwnAndIsJoined() throws {
        let other = Locked("")
        let thread = try PinnedThread(name: "body") {
            other.withLock { $0 = String(describing: pthread_self()) }
        }
        thread.join()
        #expect(thread.hasEnded)
        #expect(other.withLock { $0 } != "")
        #expect(other.withLock { $0 } != String(describing: pthread_self()))
    }

    @Test func manyTasksAwaitItsEndAndAnEndLongPast() async throws {
        let gate = Parker()
        let thread = try PinnedThread(name: "awaited") { gate.park() }
        #expect(!thread.hasEnded)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { await thread.ended() } }
            gate.unpark()
        }
        #expect(thread.hasEnded)
        await thread.ended()
        thread.join()
    }

    @Test func nobodyNeedJoin() async throws {
        for _ in 0..<50 {
            let thread = try PinnedThread(name: "left alone") {}
            await thread.ended()
        }
    }

    @Test func whatTheBodyCapturedIsGoneBeforeTheEndIsToldOf() async throws {
        final class Captured: Sendable {}
        for _ in 0..<50 {
            var captured: Captured? = Captured()
            weak let observed = captured
            let thread = try PinnedThread(name: "captures") { [captured] in _ = captured }
            captured = nil
            await thread.ended()
            #expect(observed == nil)
            thread.join()
        }
    }

    @Test func aSecondJoinTraps() async {
        await #expect(processExitsWith: .failure) {
            let thread = try PinnedThread(name: "twice") {}
            thread.join()
            thread.join()
        }
    }

    #if os(Linux)
    @Test func carriesItsNameAsFarAsTheKernelKeepsIt() throws {
        let name = Locked("")
        let thread = try PinnedThread(name: "a-name-longer-than-fifteen-bytes") {
            let text = try? readText("/proc/thread-self/comm")
            name.withLock { $0 = text ?? "unreadable" }
        }
        thread.join()
        #expect(name.withLock { $0 } == "a-name-longer-t\n")
    }
    #endif

    @Test func aLargeStackIsAsLargeAsAsked() throws {
        let sum = Locked(0)
        let thread = try PinnedThread(name: "deep", stackBytes: 16 << 20) {
            sum.withLock { $0 = deep(4000) }
        }
        thread.join()
        #expect(sum.withLock { $0 } == 4000)
    }
}

/// Uses about a kibibyte of stack for each level.
@inline(never) private func deep(_ level: Int) -> Int {
    withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 8) { buffer in
        buffer.storeBytes(of: 1, as: UInt8.self)
        guard level > 0 else { return 0 }
        return deep(level - 1) + Int(buffer.load(as: UInt8.self))
    }
}
