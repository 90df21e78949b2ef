import CrashHistory
import NodeProcesses
import Platform

/// One subscriber a node: after a restart it goes on where it was. What it has been given it keeps.
final class Subscriber: Sendable {
    private let name: String
    private let entries = Locked<[History.Entry]>([])
    private let recorder: Recorder

    init(_ name: String, _ recorder: Recorder) {
        self.name = name
        self.recorder = recorder
    }

    func take(_ event: Reply) {
        guard event.event == "entry", let slot = event.slot, let payload = event.payload else {
            // It ends with its node.
            let ends: Set = ["closed", "store_failed"]
            if let error = event.error, ends.contains(error) { return }
            return recorder.report("\(name) was told: \(event.event ?? event.error ?? "nothing")")
        }
        let entry = History.Entry(slot, String(decoding: payload, as: UTF8.self))
        entries.withLock { $0.append(entry) }
    }

    var last: UInt64 { entries.withLock { $0.last?.slot ?? 0 } }
    var log: History.Log { History.Log(name, entries.withLock { $0 }) }
}
