import LogCommands
import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The machine that a figure comes from.
struct Machine: Sendable {
    let system: String
    let processor: String
    let device: String
    /// Of one overwritten page and its flush, on the run's own disk, before the run: microseconds.
    let flush: Latencies.Summary?

    static let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    /// Looks at the machine, and at the disk of a directory for a fifth of a second at most: one that fails by then
    /// is not measured.
    init(directory: String) throws(Failure) {
        var name = utsname()
        uname(&name)
        system = "\(Self.text(name.sysname)) \(Self.text(name.release)) \(Self.text(name.machine))"
        processor = Self.processorName() ?? "unknown"
        device = Self.device(of: directory) ?? "unknown"
        do throws(PosixError) {
            flush = try Self.measureFlush(directory)
        } catch {
            throw Failure(error)
        }
    }

    /// Processor time that everybody has used since the machine started, what a host took away included;
    /// nil where the system does not tell.
    static func busySeconds() -> Double? {
        guard let text = try? TextFile.readStream("/proc/stat"),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("cpu ") })
        else { return nil }
        // user nice system idle iowait irq softirq steal; guests are in user already.
        let fields = line.split(separator: " ").dropFirst().prefix(8).map { Double($0) ?? 0 }
        guard fields.count == 8 else { return nil }
        let busy = fields.reduce(0, +) - fields[3] - fields[4]
        return busy / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    var json: JSON {
        .object([
            ("system", .string(system)), ("processor", .string(processor)),
            ("processors", .integer(Self.processors)), ("device", .string(device)),
            ("flush_p50", .rounded(flush?.p50, 1)), ("flush_p99", .rounded(flush?.p99, 1)),
            ("lmdb", .string(RawEnvironment.libraryVersion)), ("swift", .string(Self.swift)),
        ])
    }

    private static var swift: String {
        #if swift(>=6.4)
        "6.4 or later"
        #elseif swift(>=6.3)
        "6.3"
        #else
        "before 6.3"
        #endif
    }

    private static func text<Tuple>(_ field: Tuple) -> String {
        withUnsafeBytes(of: field) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    private static func processorName() -> String? {
        guard let text = try? TextFile.readStream("/proc/cpuinfo") else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("model name") {
            return line.split(separator: ":", maxSplits: 1).last.map {
                String($0.drop { $0 == " " })
            }
        }
        return nil
    }

    /// The device of the mount that a directory lies on.
    private static func device(of directory: String) -> String? {
        var status = stat()
        guard stat(directory, &status) == 0,
            let text = try? TextFile.readStream("/proc/self/mountinfo")
        else { return nil }
        let number = "\(status.st_dev >> 8 & 0xFFF):\(status.st_dev & 0xFF)"
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 4, fields[2] == number,
                let dash = fields.firstIndex(of: "-"), dash + 2 < fields.count
            else { continue }
            return String(fields[dash + 2])
        }
        return nil
    }

    private static let flushes = 40

    private static func measureFlush(
        _ directory: String
    ) throws(PosixError) -> Latencies.Summary? {
        let path = directory + "/flush-test"
        let descriptor = try PosixError.check("open", path) {
            open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        }
        defer {
            close(descriptor)
            unlink(path)
        }
        let page = [UInt8](repeating: 7, count: 4_096)
        let latencies = Latencies()
        let end = MonotonicClock.now().advanced(by: .milliseconds(200))
        var count = 0
        while MonotonicClock.now() < end, count <= Self.flushes {
            let begin = MonotonicClock.now()
            _ = try PosixError.check("write", path) {
                Int32(page.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) })
            }
            _ = try PosixError.check("fsync", path) { fsync(descriptor) }
            // The first one makes the file.
            if count > 0 {
                let taken = MonotonicClock.now().nanoseconds - begin.nanoseconds
                latencies.record(nanoseconds: taken)
            }
            count += 1
        }
        return latencies.summary
    }
}
