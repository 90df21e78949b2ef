import CrashHistory
import NodeProcesses
import Platform

/// One subscriber a node: after a restart it goes on where it was. What it has been given it keeps.
final class Subscriber: Sendable {
    private let name: String
    private struct Given {
        var entries: [History.Entry] = []
        /// Up to here it has been told everything, also of slots in which nothing has effect.
        var through: UInt64 = 0
    }

    private let given = Locked(Given())
    private let recorder: Recorder

    init(_ name: String, _ recorder: Recorder) {
        self.name = name
        self.recorder = recorder
    }

    func take(_ event: Reply) {
        if event.event == "entry", let slot = event.slot, let payload = event.payload {
            advance(to: slot)
            let entry = History.Entry(slot, String(decoding: payload, as: UTF8.self))
            return given.withLock { $0.entries.append(entry) }
        }
        // A hole that a new leader closed, or an append that stands twice, at the end of the log (R86).
        if event.event == "progress", let through = event.through { return advance(to: through) }
        // It ends with its node.
        let ends: Set = ["closed", "store_failed"]
        if let error = event.error, ends.contains(error) { return }
        recorder.report("\(name) was told: \(event.event ?? event.error ?? "nothing")")
    }

    private func advance(to slot: UInt64) {
        let before = given.withLock { given in
            defer { given.through = max(given.through, slot) }
            return given.through
        }
        if slot <= before {
            recorder.report("\(name) was told of slot \(slot), and of slot \(before) before it")
        }
    }

    var through: UInt64 { given.withLock { $0.through } }
    var log: History.Log { History.Log(name, given.withLock { $0.entries }) }
}
