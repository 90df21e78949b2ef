package import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One legal outcome of a power cut. Small: the bytes are put together when asked for.
package struct CrashImage: Sendable, CustomStringConvertible {
    /// What the crash kept of what it could have lost.
    package struct Choice: Hashable, Sendable {
        /// How many of the names' changes that no directory sync covered, the first ones.
        package var names: Int
        /// Whether files keep the length they had, or that of the last flush.
        package var keepsLengths: Bool
        /// The version of each dirty sector, in the order of `CrashImages`.
        package var versions: [Int]
    }

    package let choice: Choice
    let state: CrashState
    let sectors: [CrashImages.Sector]

    /// `names=1 lengths=kept sectors=[2, 0]`, to tell a failing image by.
    package var description: String {
        "point=\(state.point) names=\(choice.names) "
            + "lengths=\(choice.keepsLengths ? "kept" : "lost") sectors=\(choice.versions)"
    }

    /// All files by path, with their bytes.
    package var files: [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for (path, node) in nodes {
            if case .file(let number) = node { files[path] = contents(of: number) }
        }
        return files
    }

    /// All directories below the root, each after its parent.
    package var directories: [String] {
        nodes.compactMap { path, node in
            if case .directory = node { path } else { nil }
        }
    }

    /// Writes the image to a fresh directory, which must not exist. Nothing is flushed.
    package func materialise(at path: String) throws(PosixError) {
        try FileSystem.makeDirectories(path)
        for directory in directories {
            try FileSystem.makeDirectory(path + "/" + directory)
        }
        for (name, bytes) in files {
            try Self.write(bytes, to: path + "/" + name)
        }
    }

    /// Names reachable from the root, parents first.
    private var nodes: [(path: String, node: CrashNames.Node)] {
        var below: [Int: [(name: String, node: CrashNames.Node)]] = [:]
        for (place, node) in state.names.tree(keeping: choice.names) {
            below[place.directory, default: []].append((place.name, node))
        }
        var found: [(path: String, node: CrashNames.Node)] = []
        var open: [(path: String, number: Int)] = [("", CrashNames.root)]
        while let (prefix, number) = open.popLast() {
            for (name, node) in (below[number] ?? []).sorted(by: { $0.name < $1.name }) {
                found.append((prefix + name, node))
                if case .directory(let number) = node { open.append((prefix + name + "/", number)) }
            }
        }
        return found
    }

    private func contents(of number: Int) -> [UInt8] {
        var versions: [Int: Int] = [:]
        for (sector, version) in zip(sectors, choice.versions) where sector.file == number {
            versions[sector.dirty.sector] = version
        }
        let file = state.files[number]
        return file?.contents(versions: versions, keepsLength: choice.keepsLengths) ?? []
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(PosixError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw PosixError(code: errno, operation: "open", path: path)
        }
        defer { close(descriptor) }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done, off_t(done))
            }
            guard count > 0 else {
                throw PosixError(
                    code: count < 0 ? errno : ENOSPC,
                    operation: "pwrite",
                    path: path
                )
            }
            done += count
        }
    }
}
