import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

extension Rlog.Result {
    /// Every line, each of which must be one JSON object.
    func objects(sourceLocation: SourceLocation = #_sourceLocation) throws -> [[String: Any]] {
        try lines.map { line in
            let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return try #require(value as? [String: Any], sourceLocation: sourceLocation)
        }
    }
}

extension Scratch {
    /// A data directory of a one-member cluster, made by the binary.
    func log(_ name: String = "n1") throws -> String {
        let made = try Rlog.run(
            "init",
            "--data",
            "\(path)/\(name)",
            "--cluster",
            "tests",
            "--id",
            "1",
            "--members",
            "1"
        )
        try #require(made.status == 0, "\(made.errors)")
        return "\(path)/\(name)"
    }
}

/// Runs blocking tests off the cooperative pool.
func blocking(_ body: @escaping @Sendable () throws -> Void) async throws {
    let outcome = Locked<Result<Void, any Error>>(.success(()))
    let thread = try PinnedThread(name: "test") {
        let result = Result { try body() }
        outcome.withLock { $0 = result }
    }
    await thread.ended()
    try outcome.withLock { $0 }.get()
}

extension MonotonicInstant {
    /// Seconds from then to now.
    var secondsAgo: Double { duration(to: MonotonicClock.now()) / .seconds(1) }
}
