import LogCommands
import Platform
import Synchronization

/// What a run goes through; read by every client after every append.
final class Stage: Sendable {
    enum Name: Int {
        case warmingUp, measuring, over
    }

    private let name = Atomic(Name.warmingUp.rawValue)

    var current: Name { Name(rawValue: name.load(ordering: .relaxed)) ?? .over }

    func begin() {
        _ = name.compareExchange(
            expected: Name.warmingUp.rawValue,
            desired: Name.measuring.rawValue,
            ordering: .relaxed
        )
    }

    func end() { name.store(Name.over.rawValue, ordering: .relaxed) }

    /// Sleeps that long, or until a client has ended the run; ends it if there is a reason to.
    func sleep(seconds: Double, unless isBroken: () -> Bool) async {
        let deadline = MonotonicClock.now().advanced(by: .seconds(seconds))
        while current != .over {
            let left = MonotonicClock.now().duration(to: deadline)
            guard left > .zero else { return }
            if isBroken() { return end() }
            try? await Task.sleep(for: min(left, .milliseconds(200)))
        }
    }
}
