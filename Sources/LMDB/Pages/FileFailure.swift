#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A call to the system that failed while a file was looked at: which call, on what, and why.
package struct FileFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let code: Int32
    package let operation: String
    package let path: String

    /// `pread data/n1/log.mdb: Input/output error`
    package var description: String {
        guard let words = strerror(code) else { return "\(operation) \(path): error \(code)" }
        return "\(operation) \(path): \(String(cString: words))"
    }
}

/// Why a data file cannot be looked at, or what is wrong with it.
package enum DataFileError: Error, Hashable, Sendable {
    /// It ends before what it must hold.
    case truncated(length: Int, needed: Int)
    /// It is no file of LMDB.
    case foreign
    /// Its pages are not as they must be.
    case damaged(detail: String)
    case system(FileFailure)
}

extension DataFileError {
    /// What the system would not read keeps its name: it may be another time.
    init(_ damage: PageTree.Damage) {
        self = damage.cause.map { .system($0) } ?? .damaged(detail: damage.description)
    }
}
