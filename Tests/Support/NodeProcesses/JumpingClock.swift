import FailingDisks
import Foundation

/// The wall clock of one process, which somebody sets while it runs: the clock shim, and the file that
/// tells it what to add.
package struct JumpingClock: Sendable {
    private static let library = PreloadedShim.compile("ClockShim")

    private let library: String
    private let file: String

    /// - Parameter file: Is made.
    /// - Returns: `nil` if there is no compiler.
    package init?(file: String) throws {
        guard let library = Self.library else { return nil }
        self.library = library
        self.file = URL(fileURLWithPath: file).path
        try Data(count: 24).write(to: URL(fileURLWithPath: file))
    }

    /// What the process is started with.
    package var environment: [String: String] { ["LD_PRELOAD": library, "RLOG_CLOCK": file] }

    /// From now on the process's wall clock is so far ahead of the machine's.
    package func jump(toSeconds shift: Int64) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
        try handle.write(contentsOf: withUnsafeBytes(of: shift) { Data($0) })
        try handle.close()
    }

    /// How often the process has looked at it; `nil` as long as no process has loaded the shim.
    package func reads() throws -> Int64? {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        func word(_ place: Int) -> Int64 {
            bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8 * place, as: Int64.self) }
        }
        return word(2) == 1 ? word(1) : nil
    }
}
