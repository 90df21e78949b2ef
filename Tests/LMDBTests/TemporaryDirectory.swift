import LMDB
import TestSupport

/// A directory for environments.
final class TemporaryDirectory: Sendable {
    private let scratch: Scratch
    var path: String { scratch.path }

    init() throws { scratch = try Scratch("lmdb") }

    /// The data file every test uses.
    var data: String { path + "/data.mdb" }

    /// Opens the data file, or another one here, for reading and writing unless told otherwise.
    func open(
        _ name: String = "data.mdb",
        mapSize: Int = 64 << 20,
        access: Environment.Access = .write,
        sealed: Bool = false
    ) throws(EnvironmentOpenError) -> Environment {
        try Environment.open(
            path: path + "/" + name,
            options: .init(mapSize: mapSize, access: access, sealed: sealed)
        )
    }
}

extension RawSpan {
    /// A copy, for comparing.
    var array: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}

/// Eight bytes that tell one number from another.
func bytes(_ number: UInt64) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { [UInt8]($0) }
}

/// The error `body` throws, or nil.
func failure<E: Error>(_ body: () throws(E) -> Void) -> E? {
    do throws(E) {
        try body()
        return nil
    } catch {
        return error
    }
}
