#if ServiceLifecycle
public import ServiceLifecycle

extension LogNode: Service {}
#endif

/// What a `ServiceGroup` says to the services that it runs, where the trait `ServiceLifecycle` is enabled.
enum ServiceEnd {
    /// Runs `body`, and calls `end` when the group in which this task runs shuts down, if it runs in one.
    static func following(
        _ body: () async -> Void,
        onShutdown end: @escaping @Sendable () -> Void
    ) async {
        #if ServiceLifecycle
        await withGracefulShutdownHandler {
            await body()
        } onGracefulShutdown: {
            end()
        }
        #else
        await body()
        #endif
    }
}
