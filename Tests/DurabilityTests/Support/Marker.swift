import DiskShim
import Platform

/// A recorder that several tasks and threads mark.
final class Marker: Sendable {
    private let recorder = Locked<DiskRecorder?>(nil)

    /// Records what happens below the directory from now on.
    init(directory: String) throws {
        let recorder = try DiskRecorder(directory: directory)
        var handedOver: DiskRecorder? = consume recorder
        self.recorder.withLock { $0 = handedOver.take() }
    }

    func mark(_ statement: Statement) {
        let (kind, value) = statement.mark
        mark(kind: kind, value: value)
    }

    func mark(kind: UInt64, value: UInt64) {
        recorder.withLock { $0?.mark(kind: kind, value: value) }
    }

    /// Stops; what was recorded.
    func finish() -> DiskRecording {
        var taken: DiskRecorder? = nil
        recorder.withLock { taken = $0.take() }
        return taken.take()?.finish() ?? DiskRecording(events: [])
    }
}
