import Platform

/// Files that people name on the command line.
package enum TextFile {
    /// Writes a file whole, in the place of one that may be there.
    package static func write(_ text: String, to path: String) throws(Failure) {
        do throws(PosixError) {
            try FileSystem.write(Array(text.utf8), to: path)
        } catch {
            throw Failure(error)
        }
    }

    /// Finds out whether a file can be written there, before there is anything to write; it is left as it is.
    package static func prepare(_ path: String) throws(Failure) {
        do throws(PosixError) {
            try FileSystem.makeWritable(path)
        } catch {
            throw Failure(error)
        }
    }

    /// Reads a file whose length nobody knows before, such as those of /proc.
    package static func readStream(_ path: String) throws(Failure) -> String {
        var bytes: [UInt8] = []
        do throws(PosixError) {
            while true {
                let some = try FileSystem.read(path, at: bytes.count, count: 1 << 16)
                if some.isEmpty { break }
                bytes += some
            }
        } catch {
            throw Failure(error)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    package static func read(_ path: String) throws(Failure) -> String {
        do throws(PosixError) {
            let length = try FileSystem.fileLength(path)
            let bytes = try FileSystem.read(path, at: 0, count: Int(length))
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            throw Failure(error)
        }
    }
}
