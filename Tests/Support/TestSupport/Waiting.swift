import Platform

/// The one place where tests look again and again, at what tells nobody when it changes: a counter, another process.
/// They give the thread away in between, since hundreds wait so at once.
package func eventually(
    within time: Duration = .seconds(300),
    every pause: Duration = .milliseconds(1),
    _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let end = MonotonicClock.now().advanced(by: time)
    while MonotonicClock.now() < end {
        if try await condition() { return true }
        try? await Task.sleep(for: pause)
    }
    return try await condition()
}

/// The same for what cannot go on without it.
package func eventually(
    _ what: String,
    within time: Duration = .seconds(300),
    _ condition: () async throws -> Bool
) async throws {
    guard try await eventually(within: time, condition) else { throw NeverHappened(what: what) }
}

package struct NeverHappened: Error {
    let what: String
}
