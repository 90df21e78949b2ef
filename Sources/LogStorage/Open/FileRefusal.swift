internal import Platform

/// What the file system may refuse whoever makes or opens a directory.
protocol FileRefusal {
    static func outOfSpace(path: String) -> Self
    static func permissionDenied(path: String) -> Self
    static func readOnly(path: String) -> Self
    static func system(code: Int32, operation: String, path: String) -> Self
}

extension LogOpenError: FileRefusal {}
extension LogCreateError: FileRefusal {}

extension FileRefusal {
    init(_ error: PosixError) {
        self =
            if error.isFull {
                .outOfSpace(path: error.path)
            } else if error.isDenied {
                .permissionDenied(path: error.path)
            } else if error.isOfReadOnlyDisk {
                .readOnly(path: error.path)
            } else {
                .system(code: error.code, operation: error.operation, path: error.path)
            }
    }
}
