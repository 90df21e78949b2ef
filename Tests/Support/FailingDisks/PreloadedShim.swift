import Foundation

/// Shims of libc, each as a library of its own, to be preloaded into a child.
package enum PreloadedShim {
    /// The disk shim. Compiled once for each process that asks.
    package static let path = compile("CDiskShim")

    /// Compiles the sources in a folder beside this one; nil if there is no compiler.
    package static func compile(_ folder: String) -> String? {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent(folder).path
        let library = FileManager.default.currentDirectoryPath + "/.build/test-data/\(folder).so"
        let partial = library + ".\(ProcessInfo.processInfo.processIdentifier)"
        let clang = Process()
        clang.executableURL = URL(fileURLWithPath: "/bin/sh")
        clang.arguments = [
            "-c",
            """
            mkdir -p "$(dirname "$2")" && cd "$1" && \
            clang -shared -fPIC -O1 -Iinclude -o "$2" *.c -ldl -lpthread && mv "$2" "$3"
            """,
            "sh", sources, partial, library,
        ]
        guard (try? clang.run()) != nil else { return nil }
        clang.waitUntilExit()
        return clang.terminationStatus == 0 ? library : nil
    }

    /// What a child needs to meet the faults; nil, and said so, if there is no compiler.
    package static func environment(faults: String) -> [String: String]? {
        guard let path else {
            print("no clang: a process with a failing disk is left out")
            return nil
        }
        return ["LD_PRELOAD": path, "RLOG_DISK_FAULT": faults]
    }
}
