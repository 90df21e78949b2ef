import CDiskShim

/// The kinds of calls that can be counted and made to fail.
package enum DiskOperation: Int32, CaseIterable, Sendable {
    /// fdatasync or fsync of a file.
    case flush = 0
    /// A write of 64 to 512 bytes that begins in the first two pages: LMDB's meta page.
    case metaWrite = 1
    /// Any other write.
    case write = 2
    /// fallocate and posix_fallocate.
    case allocate = 3
    /// fsync of a directory.
    case directorySync = 4
    /// rename and renameat; the path is the new name.
    case rename = 5
    /// A write as that of a meta page that begins where one ends: its seal.
    case sealWrite = 6
}

/// What a fault does to the call that it hits.
package enum DiskFaultEffect: Sendable {
    /// The call fails with this errno and does nothing.
    case fail(errno: Int32)
    /// A write takes at most so many bytes.
    case short(bytes: Int64)
    /// The call is slow: it sleeps first.
    case delay(microseconds: Int64)
    /// The call waits until the fault is released or disarmed, then goes on.
    case gate
    /// A flush does nothing and a synchronous write does not wait; both succeed. For data that is
    /// thrown away anyway.
    case skip
}

/// A fault that is armed as long as this value lives.
package struct DiskFault: ~Copyable, Sendable {
    private let handle: Int32

    /// Arms a fault.
    ///
    /// - Parameters:
    ///   - operation: Which calls count.
    ///   - path: A file, or a directory that stands for all below it. Need not exist yet, but its
    ///     parent must.
    ///   - nth: Which call from now on is hit, counted from 1.
    ///   - sticky: Whether all later calls are hit too.
    package init(
        _ operation: DiskOperation,
        below path: String,
        nth: UInt64 = 1,
        sticky: Bool = false,
        _ effect: DiskFaultEffect
    ) {
        let action: disk_shim_action
        var value: Int64 = 0
        switch effect {
        case .fail(let errno): (action, value) = (disk_shim_error, Int64(errno))
        case .short(let bytes): (action, value) = (disk_shim_short, bytes)
        case .delay(let microseconds): (action, value) = (disk_shim_delay, microseconds)
        case .gate: action = disk_shim_gate
        case .skip: action = disk_shim_skip
        }
        handle = disk_shim_arm(
            operation.rawValue,
            Int32(action.rawValue),
            value,
            nth,
            sticky,
            path
        )
        precondition(handle >= 0, "more than 64 faults are armed")
    }

    deinit {
        disk_shim_disarm(handle)
    }

    /// How often it has hit.
    package var hits: UInt64 { disk_shim_fired(handle) }

    /// Opens the gate, for the call that stands there and all later ones.
    package func release() { disk_shim_release(handle) }

    /// Blocks until a call stands at the gate; false if none came in time.
    package func awaitArrival(timeout: Duration = .seconds(30)) -> Bool {
        let (seconds, attoseconds) = timeout.components
        return disk_shim_await_gate(handle, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }
}

/// Counts the calls below a path as long as this value lives.
package struct DiskCounter: ~Copyable, Sendable {
    private let handle: Int32

    /// Begins to count, from zero.
    package init(below path: String) {
        handle = disk_shim_counter_open(path)
        precondition(handle >= 0, "more than 64 counters are open")
    }

    deinit {
        disk_shim_counter_close(handle)
    }

    /// The calls of a kind so far, those that failed included.
    package func calls(_ operation: DiskOperation) -> UInt64 {
        let counts = disk_shim_counter_read(handle)
        return withUnsafeBytes(of: counts.calls) {
            $0.load(
                fromByteOffset: Int(operation.rawValue) * MemoryLayout<UInt64>.stride,
                as: UInt64.self
            )
        }
    }

    /// The bytes written so far, by every kind of write.
    package var bytes: UInt64 { disk_shim_counter_read(handle).bytes }

    /// The writes so far that waited for the disk themselves (`O_DSYNC`).
    package var synchronousWrites: UInt64 { disk_shim_counter_read(handle).synchronous }
}
