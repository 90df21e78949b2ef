#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

// `Environment.open` and `close` hide the system's functions of these names inside the type.
extension Environment {
    static func create(_ path: String, mode: UInt32, exclusive: Bool = false) -> Int32 {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | (exclusive ? O_EXCL : 0)
        return systemOpen(path, flags, mode_t(mode))
    }

    static func closeDescriptor(_ descriptor: Int32) -> Int32 { systemClose(descriptor) }
}

private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
    open(path, flags, mode)
}

private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
