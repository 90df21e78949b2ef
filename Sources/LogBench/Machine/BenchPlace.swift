import LogCommands
import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The temporary directory of a run, on a real disk if there is one.
struct BenchPlace {
    let path: String
    /// False on a file system that is gone with the power.
    let isDurable: Bool
    let fileSystem: String

    /// Makes it below `parent`, or below the first of TMPDIR, the current directory and /var/tmp that
    /// is on a disk and can be written.
    init(below parent: String?) throws(Failure) {
        do throws(PosixError) {
            if let parent {
                try FileSystem.makeDirectories(parent)
                self = try Self.make(below: parent)
            } else {
                self = try Self.found()
            }
        } catch {
            throw Failure(error)
        }
    }

    private init(path: String, kind: FileSystemKind) {
        self.path = path
        isDurable = !kind.isMemory
        fileSystem = kind.name
    }

    private static func found() throws(PosixError) -> BenchPlace {
        let candidates = [environment("TMPDIR"), ".", "/var/tmp", "/tmp"].compactMap(\.self)
        var memory: BenchPlace?
        defer { memory?.remove() }
        var last = PosixError(code: ENOENT, operation: "mkdir", path: "/tmp")
        for candidate in candidates {
            do throws(PosixError) {
                let kind = try FileSystemKind(path: candidate)
                if kind.isNetwork || kind.isMemory && memory != nil { continue }
                let place = try make(below: candidate)
                if place.isDurable { return place }
                memory = place
            } catch {
                last = error
            }
        }
        guard let found = memory else { throw last }
        memory = nil
        return found
    }

    private static func make(below parent: String) throws(PosixError) -> BenchPlace {
        let name = ".rlog-bench-" + String(SystemRandom.uint64(), radix: 36)
        let path = parent == "." ? name : parent + "/" + name
        try FileSystem.makeDirectory(path)
        do throws(PosixError) {
            return BenchPlace(path: path, kind: try FileSystemKind(path: path))
        } catch {
            try? FileSystem.removeTree(path)
            throw error
        }
    }

    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// The path of a directory of that name, which is not there.
    func fresh(_ name: String) -> String {
        remove(name)
        return path + "/" + name
    }

    func remove(_ name: String) {
        try? FileSystem.removeTree(path + "/" + name)
    }

    func remove() {
        try? FileSystem.removeTree(path)
    }
}
