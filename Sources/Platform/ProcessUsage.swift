#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What this process has used so far.
package struct ProcessUsage: Equatable, Sendable {
    /// Processor time of all threads in the program, in seconds.
    package let userSeconds: Double
    /// Processor time of all threads in the kernel, in seconds.
    package let systemSeconds: Double
    /// Resident memory that is no file's (heap and stacks, not LMDB's map), in bytes; nil where the
    /// system does not tell.
    package let anonymousResidentBytes: UInt64?

    package init(userSeconds: Double, systemSeconds: Double, anonymousResidentBytes: UInt64?) {
        self.userSeconds = userSeconds
        self.systemSeconds = systemSeconds
        self.anonymousResidentBytes = anonymousResidentBytes
    }

    /// Reads the present figures: two system calls and, on Linux, one small file.
    package static func now() -> ProcessUsage {
        var usage = rusage()
        // RUSAGE_SELF, which Glibc and Darwin import as different types.
        getrusage(0, &usage)
        return ProcessUsage(
            userSeconds: seconds(usage.ru_utime),
            systemSeconds: seconds(usage.ru_stime),
            anonymousResidentBytes: anonymousResident()
        )
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }

    #if os(Linux)
    /// `RssAnon` of /proc/self/status: counters the kernel keeps anyway, where smaps_rollup would
    /// walk the whole page table, a terabyte of map included.
    private static func anonymousResident() -> UInt64? {
        let descriptor = open("/proc/self/status", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 8192)
        let count = text.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return nil }
        return anonymousResident(inStatus: String(decoding: text.prefix(count), as: UTF8.self))
    }

    /// The bytes in a line such as `RssAnon:      1234 kB`.
    package static func anonymousResident(inStatus text: String) -> UInt64? {
        for line in text.split(separator: "\n") where line.hasPrefix("RssAnon:") {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count == 3, words[2] == "kB", let kibibytes = UInt64(words[1]) else {
                return nil
            }
            return kibibytes * 1024
        }
        return nil
    }
    #else
    private static func anonymousResident() -> UInt64? { nil }
    #endif
}
