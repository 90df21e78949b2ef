package import Platform
package import ReplicatedLog

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// How the errors of the log become exit statuses and reasons. The names are a contract.

extension Failure {
    package init(_ error: LogOpenError) {
        let detail = "\(error)"
        switch error {
        case .missingDirectory: self.init(.refused, "missing_directory", detail)
        case .notALog: self.init(.refused, "not_a_log", detail)
        case .foreignCluster: self.init(.refused, "foreign_cluster", detail)
        case .foreignNode: self.init(.refused, "foreign_node", detail)
        case .differentMembers: self.init(.refused, "different_members", detail)
        case .differentLimit: self.init(.refused, "different_limit", detail)
        case .newerFormat: self.init(.refused, "newer_format", detail)
        case .olderFormat: self.init(.refused, "older_format", detail)
        case .backup: self.init(.refused, "backup", detail)
        case .directoryInUse: self.init(.refused, "directory_in_use", detail)
        case .networkFileSystem: self.init(.refused, "network_file_system", detail)
        case .truncated: self.init(.refused, "truncated", detail)
        case .corrupt: self.init(.refused, "corrupt", detail)
        case .unreadableRow: self.init(.refused, "unreadable_row", detail)
        case .addressTooLong: self.init(.usage, "address", "usage: \(detail)")
        case .outOfSpace: self.init(.storageFailed, "out_of_space", detail)
        case .noAddressSpace: self.init(.refused, "map_size", detail)
        case .permissionDenied: self.init(.refused, "permission_denied", detail)
        case .readOnly: self.init(.refused, "read_only", detail)
        case .system(let code, _, _): self.init(code: code, detail)
        default: self.init(.refused, "not_opened", detail)
        }
    }

    package init(_ error: LogCreateError) {
        let detail = "\(error)"
        switch error {
        case .notEmpty: self.init(.refused, "not_empty", detail)
        case .notADirectory: self.init(.refused, "not_a_directory", detail)
        case .notAMember: self.init(.usage, "not_a_member", detail)
        case .networkFileSystem: self.init(.refused, "network_file_system", detail)
        case .outOfSpace: self.init(.storageFailed, "out_of_space", detail)
        case .noAddressSpace: self.init(.refused, "map_size", detail)
        case .permissionDenied: self.init(.refused, "permission_denied", detail)
        case .readOnly: self.init(.refused, "read_only", detail)
        case .system(let code, _, _): self.init(code: code, detail)
        case .invalidStorage: self.init(.usage, "invalid_storage", "usage: \(detail)")
        default: self.init(.refused, "not_created", detail)
        }
    }

    package init(_ error: LogCopyError) {
        let detail = "\(error)"
        switch error {
        case .source(let error): self.init(error)
        case .destination(let error): self.init(error)
        case .sameCluster: self.init(.usage, "same_cluster", "usage: \(detail)")
        case .unreadable: self.init(.refused, "unreadable_row", detail)
        case .contradicted: self.init(.refused, "contradicted", detail)
        case .trimmedMeanwhile: self.init(.unavailable, "trimmed_meanwhile", detail)
        case .snapshot(.outOfSpace): self.init(.storageFailed, "out_of_space", detail)
        case .snapshot: self.init(.refused, "snapshot", detail)
        default: self.init(.refused, "not_copied", detail)
        }
    }

    /// A disk that cannot be read or flushed has failed, whenever it shows; other errors of the system are
    /// refusals.
    private init(code: Int32, _ detail: String) {
        if code == EIO {
            self.init(.storageFailed, "io_error", "\(detail): check the disk and the system's log")
        } else {
            self.init(.refused, "system", detail)
        }
    }

    package init(_ error: AppendError, at directory: String) {
        switch error {
        case .never(let reason): self.init(reason, outcome: "never", at: directory)
        case .unknown(_, let reason): self.init(reason, outcome: "unknown", at: directory)
        default: self.init(.unavailable, "append_refused", "append to \(directory): \(error)")
        }
    }

    private init(_ reason: AppendError.Reason, outcome: String, at directory: String) {
        switch reason {
        case .full:
            self.init(
                .storageFailed,
                "full",
                "the disk or the map of \(directory) is full: free space, or use another disk"
            )
        case .storeFailed(let what):
            self.init(
                .storageFailed,
                Self.storeFailed,
                "storage of \(directory) failed (\(what)): check the disk and the system's log"
            )
        default:
            self.init(
                .unavailable,
                "unavailable",
                "an append to \(directory) ended as \(outcome) (\(reason)): "
                    + "the disk may be too slow; try fewer outstanding appends"
            )
        }
    }

    package init(_ error: PosixError) {
        if error.isFull {
            self.init(.storageFailed, "out_of_space", "\(error)")
        } else {
            self.init(code: error.code, "\(error)")
        }
    }
}
