#if ServiceLifecycle
public import ServiceLifecycle

extension StateMachineHost: Service {}
#endif

/// What a `ServiceGroup` says to the services that it runs, where the trait `ServiceLifecycle` is enabled.
enum ServiceEnd {
    /// Runs `body`, and cancels it when the group in which this task runs shuts down, if it runs in one.
    static func endingWithGroup(
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        #if ServiceLifecycle
        try await cancelWhenGracefulShutdown { try await body() }
        #else
        try await body()
        #endif
    }
}
