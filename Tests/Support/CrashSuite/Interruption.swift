import Foundation
import Synchronization

/// Ctrl-C ends the run early: processes are ended and what was mounted is unmounted.
enum Interruption {
    private static let flag = Atomic(false)

    static func watch() {
        for number in [SIGINT, SIGTERM] {
            signal(number) { _ in Interruption.flag.store(true, ordering: .relaxed) }
        }
    }

    static var hasHappened: Bool { flag.load(ordering: .relaxed) }
}
