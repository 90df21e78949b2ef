import LMDB

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A directory on a real disk (never a tmpfs, which flushes nothing), removed at the end.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/var/tmp/lmdb-tests-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw LMDBError(code: errno) }
        path = template.withUnsafeBufferPointer { characters in
            String(decoding: characters.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    deinit {
        guard let directory = opendir(path) else { return }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            unlink(path + "/" + name)
        }
        closedir(directory)
        rmdir(path)
    }

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
