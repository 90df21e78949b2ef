import Platform
import TestSupport
import Testing

@Suite(.shared) struct LockedTests {
    @Test func oneThreadAtATime() throws {
        let count = Locked(0)
        let threads = try (0..<4).map { _ in
            try PinnedThread(name: "counter") {
                for _ in 0..<1000 { count.withLock { $0 += 1 } }
            }
        }
        for thread in threads { thread.join() }
        #expect(count.withLock { $0 } == 4000)
    }

    @Test func anErrorLetsGoOfTheLock() {
        let value = Locked(1)
        let error = PosixError(code: 1, operation: "body", path: "")
        #expect(throws: error) {
            try value.withLock { _ throws(PosixError) in throw error }
        }
        #expect(value.withLock { $0 } == 1)
    }

    @Test func holdsWhatIsNotCopyable() {
        struct Token: ~Copyable {}
        let token = Locked<Token?>(Token())
        let wasThere = token.withLock { $0.take() != nil }
        let isThere = token.withLock { $0 != nil }
        #expect(wasThere && !isThere)
    }
}
