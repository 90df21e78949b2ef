import CDiskShim
package import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One effect on what is below the recorded directory. Paths are relative to it.
package enum DiskEvent: Equatable, Sendable {
    case create(path: String)
    /// Completed. Not durable before a flush that began later has ended well.
    case write(path: String, offset: Int, bytes: [UInt8])
    /// A synchronous write has begun; any part of it may be on disk from here.
    case synchronousWriteBegan(path: String, offset: Int, bytes: [UInt8])
    /// It returned. Durable if `error` is 0. `began` is the index of its beginning.
    case synchronousWriteEnded(path: String, began: Int, error: Int32)
    case flushBegan(path: String, isDirectory: Bool)
    /// Makes durable what completed before event `began`, if `error` is 0.
    case flushEnded(path: String, isDirectory: Bool, began: Int, error: Int32)
    case truncate(path: String, length: Int)
    case rename(from: String, to: String)
    case makeDirectory(path: String)
    case remove(path: String)
    /// Put there by the test: what it knew or had said at this point.
    case mark(kind: UInt64, value: UInt64)
    /// A write that failed and left nothing.
    case failedWrite(path: String, error: Int32)
}

/// What was below a directory when a recording began, all of it taken as durable, and what then
/// happened to it.
package struct DiskRecording: Sendable {
    /// Directories below the root, each after its parent.
    package var directories: [String]
    /// Contents by path.
    package var files: [String: [UInt8]]
    package var events: [DiskEvent]

    package init(
        directories: [String] = [],
        files: [String: [UInt8]] = [:],
        events: [DiskEvent]
    ) {
        self.directories = directories
        self.files = files
        self.events = events
    }
}

/// A recording that is being made. Ends with `finish()`, or is thrown away.
package struct DiskRecorder: ~Copyable, Sendable {
    private let handle: Int32
    private let root: String
    private let before: DiskRecording

    /// Reads what is below the directory and records what happens there from now on. Nothing else
    /// may write there while this call runs.
    package init(directory: String) throws(PosixError) {
        guard let resolved = realpath(directory, nil) else {
            throw PosixError(code: errno, operation: "realpath", path: directory)
        }
        let root = String(cString: resolved)
        free(resolved)
        var before = DiskRecording(events: [])
        try Self.scan(root, "", into: &before)
        let handle = disk_shim_record_begin(root)
        precondition(handle >= 0, "more than 16 recordings are being made")
        self.root = root
        self.before = before
        self.handle = handle
    }

    deinit {
        disk_shim_record_free(handle)
    }

    /// Puts a mark in the order of events, from any thread.
    package func mark(kind: UInt64, value: UInt64) {
        disk_shim_mark(handle, kind, value)
    }

    /// Stops, and returns what was recorded.
    package consuming func finish() -> DiskRecording {
        disk_shim_record_stop(handle)
        var recording = before
        let count = disk_shim_record_count(handle)
        recording.events.reserveCapacity(count)
        for index in 0..<count {
            var event = disk_shim_event()
            precondition(disk_shim_record_event(handle, index, &event), "an event is missing")
            recording.events.append(translate(event))
        }
        return recording
    }

    private func translate(_ event: disk_shim_event) -> DiskEvent {
        let path = relative(event.path)
        let error = event.error
        let bytes = [UInt8](UnsafeBufferPointer(start: event.data, count: event.length))
        switch UInt32(event.kind) {
        case disk_shim_event_create.rawValue: return .create(path: path)
        case disk_shim_event_write.rawValue:
            guard error == 0 else { return .failedWrite(path: path, error: error) }
            return .write(path: path, offset: Int(event.offset), bytes: bytes)
        case disk_shim_event_dsync_begin.rawValue:
            return .synchronousWriteBegan(path: path, offset: Int(event.offset), bytes: bytes)
        case disk_shim_event_dsync_end.rawValue:
            return .synchronousWriteEnded(path: path, began: Int(event.begin), error: error)
        case disk_shim_event_flush_begin.rawValue:
            return .flushBegan(path: path, isDirectory: event.is_directory)
        case disk_shim_event_flush_end.rawValue:
            return .flushEnded(
                path: path,
                isDirectory: event.is_directory,
                began: Int(event.begin),
                error: error
            )
        case disk_shim_event_truncate.rawValue:
            return .truncate(path: path, length: Int(event.offset))
        case disk_shim_event_rename.rawValue:
            return .rename(from: path, to: relative(event.target))
        case disk_shim_event_mkdir.rawValue: return .makeDirectory(path: path)
        case disk_shim_event_unlink.rawValue: return .remove(path: path)
        case disk_shim_event_mark.rawValue:
            return .mark(kind: event.mark_kind, value: event.mark_value)
        default: preconditionFailure("an event of kind \(event.kind)")
        }
    }

    /// The path below the root; the root itself is empty; what is elsewhere stays absolute.
    private func relative(_ path: UnsafePointer<CChar>) -> String {
        let path = String(cString: path)
        if path == root { return "" }
        return path.hasPrefix(root + "/") ? String(path.dropFirst(root.utf8.count + 1)) : path
    }

    private static func scan(
        _ root: String,
        _ relative: String,
        into recording: inout DiskRecording
    ) throws(PosixError) {
        for name in try FileSystem.listDirectory(root + "/" + relative) {
            let below = relative.isEmpty ? name : relative + "/" + name
            var status = stat()
            guard lstat(root + "/" + below, &status) == 0 else {
                throw PosixError(code: errno, operation: "lstat", path: below)
            }
            if status.st_mode & S_IFMT == S_IFDIR {
                recording.directories.append(below)
                try scan(root, below, into: &recording)
            } else if status.st_mode & S_IFMT == S_IFREG {
                recording.files[below] = try contents(root + "/" + below)
            }
        }
    }

    private static func contents(_ path: String) throws(PosixError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw PosixError(code: errno, operation: "open", path: path)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Int(try FileSystem.fileLength(path)))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled)
            }
            guard count > 0 else {
                throw PosixError(code: count < 0 ? errno : EIO, operation: "read", path: path)
            }
            filled += count
        }
        return bytes
    }
}
