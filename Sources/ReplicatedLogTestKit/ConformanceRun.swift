internal import Platform

/// One check of a conformance suite: what it runs on, and what it found.
protocol ConformanceRun: Sendable {
    var findings: Findings { get }
}

extension ConformanceRun {
    func report(_ violation: String) {
        findings.add(violation)
    }

    func expect(_ holds: Bool, _ violation: @autoclosure () -> String) {
        if !holds { report(violation()) }
    }

    /// Runs the check of a name. `finish` comes after it, whatever it did.
    func violations(
        of check: (String, @Sendable (Self) async throws -> Void),
        by subject: String,
        finish: () async -> Void = {}
    ) async -> [String] {
        do {
            try await check.1(self)
        } catch {
            report("the \(subject) threw \(error)")
        }
        await finish()
        return findings.all.map { "\(check.0): \($0)" }
    }
}

/// What a check found, one sentence each.
final class Findings: Sendable {
    private let found = Locked<[String]>([])

    var all: [String] { found.withLock { $0 } }

    func add(_ violation: String) {
        found.withLock { $0.append(violation) }
    }
}
