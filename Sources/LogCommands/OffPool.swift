import Platform

/// Runs blocking work on a thread of its own, never on the cooperative pool.
package func offPool<Value: Sendable>(
    _ body: @escaping @Sendable () throws(Failure) -> Value
) async -> Result<Value, Failure> {
    await withUnsafeContinuation { continuation in
        let work: @Sendable () -> Void = {
            let result: Result<Value, Failure>
            do throws(Failure) {
                result = .success(try body())
            } catch {
                result = .failure(error)
            }
            continuation.resume(returning: result)
        }
        do throws(PosixError) {
            _ = try PinnedThread(name: "rlog-offline", body: work)
        } catch {
            work()
        }
    }
}
