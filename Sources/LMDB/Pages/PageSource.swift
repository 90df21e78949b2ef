#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Where the bytes of a file are read from.
protocol PageSource {
    /// Fills the room from a place on; how many bytes there were, fewer only at the end.
    func read(at place: Int, into room: UnsafeMutableRawBufferPointer) throws(LMDBError) -> Int
}

/// A file that is open.
struct OpenFile: PageSource, Sendable {
    let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Opens one for reading; whoever does so closes it.
    init(path: String) throws(FileFailure) {
        var opened = open(path, O_RDONLY | O_CLOEXEC)
        while opened < 0, errno == EINTR { opened = open(path, O_RDONLY | O_CLOEXEC) }
        guard opened >= 0 else {
            throw FileFailure(code: errno, operation: "open", path: path)
        }
        descriptor = opened
    }

    func close() { _ = Environment.closeDescriptor(descriptor) }

    func read(at place: Int, into room: UnsafeMutableRawBufferPointer) throws(LMDBError) -> Int {
        var done = 0
        while done < room.count {
            let got = pread(
                descriptor,
                room.baseAddress.map { $0 + done },
                room.count - done,
                off_t(place + done)
            )
            if got < 0 {
                if errno == EINTR { continue }
                throw .lastErrno
            }
            if got == 0 { break }
            done += got
        }
        return done
    }

    /// Writes all of it by one call; a part of it is an error.
    func write(_ bytes: UnsafeRawBufferPointer, at place: Int) throws(LMDBError) {
        while true {
            let count = pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(place))
            if count == bytes.count { return }
            if count >= 0 { throw LMDBError(code: EIO) }
            guard errno == EINTR else { throw .lastErrno }
        }
    }

    func write(_ bytes: [UInt8], at place: Int) throws(LMDBError) {
        var failure: LMDBError?
        bytes.withUnsafeBytes { bytes in
            do throws(LMDBError) {
                try write(bytes, at: place)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Never tried again: the next one may succeed over what this one has lost.
    func flush() throws(LMDBError) {
        #if canImport(Glibc)
        if fdatasync(descriptor) != 0 { throw .lastErrno }
        #else
        // Its fsync leaves the bytes in the drive's cache; file systems that do not know the full flush get that.
        if fcntl(descriptor, F_FULLFSYNC) != 0, fsync(descriptor) != 0 { throw .lastErrno }
        #endif
    }
}

extension PageSource {
    /// The bytes from a place on, fewer at the end.
    func bytes(at place: Int, count: Int) throws(LMDBError) -> [UInt8] {
        var failure: LMDBError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, filled in
            do throws(LMDBError) {
                filled = try read(at: place, into: UnsafeMutableRawBufferPointer(room))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
