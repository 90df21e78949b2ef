import Logging

@testable import Platform

/// A logger that keeps what it is told.
final class KeptLines: Sendable {
    struct Line: Sendable {
        let level: Logger.Level
        /// The message, then its metadata in the order of their keys.
        let text: String
    }

    private let kept = Locked<[Line]>([])

    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

    /// All so far.
    var all: [Line] { kept.withLock { $0 } }

    /// What came since the last call, each with its level before it.
    func take() -> [String] {
        kept.withLock { kept in
            defer { kept = [] }
            return kept.map { "\($0.level) \($0.text)" }
        }
    }

    private struct Handler: LogHandler {
        let lines: KeptLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: Logging.LogEvent) {
            let details = (event.metadata ?? [:]).sorted { $0.key < $1.key }
                .map { "\($0.key)=\($0.value)" }
            let text = (["\(event.message)"] + details).joined(separator: " ")
            lines.kept.withLock { $0.append(Line(level: event.level, text: text)) }
        }
    }
}
