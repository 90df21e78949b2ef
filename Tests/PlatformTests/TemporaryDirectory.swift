import Platform
import TestSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension Scratch {
    /// Makes a file in it and returns its path.
    func file(_ name: String, _ bytes: [UInt8] = []) throws -> String {
        let path = self.path + "/" + name
        try write(bytes, to: path)
        return path
    }
}

func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0 else { throw PosixError(code: errno, operation: "open", path: path) }
    defer { close(descriptor) }
    guard write(descriptor, bytes, bytes.count) == bytes.count else {
        throw PosixError(code: errno, operation: "write", path: path)
    }
}

func read(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw PosixError(code: errno, operation: "open", path: path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        guard count >= 0 else { throw PosixError(code: errno, operation: "read", path: path) }
        if count == 0 { return bytes }
        bytes += chunk[..<count]
    }
}

func readText(_ path: String) throws -> String {
    String(decoding: try read(path), as: UTF8.self)
}
