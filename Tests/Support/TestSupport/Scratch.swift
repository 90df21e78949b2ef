package import Platform

/// A fresh directory below the package's own build directory, so on a real disk and never on a tmpfs, which flushes
/// nothing; removed with all that is in it when this goes, unless it is to be looked at.
package final class Scratch: Sendable {
    package let path: String
    private let isKept = Locked(false)

    package init(_ name: String = "test") throws(PosixError) {
        path = ".build/test-data/\(name)-" + String(SystemRandom.uint64(), radix: 36)
        try FileSystem.makeDirectories(path)
    }

    deinit {
        if !isKept.withLock({ $0 }) { try? FileSystem.removeTree(path) }
    }

    /// Leaves everything where it is.
    package func keep() { isKept.withLock { $0 = true } }
}
