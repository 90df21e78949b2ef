import Platform

/// Files that people name on the command line.
enum TextFile {
    /// Writes a file whole, in the place of one that may be there.
    static func write(_ text: String, to path: String) throws(Failure) {
        do throws(PosixError) {
            try FileSystem.write(Array(text.utf8), to: path)
        } catch {
            throw Failure(error)
        }
    }

    static func read(_ path: String) throws(Failure) -> String {
        do throws(PosixError) {
            let length = try FileSystem.fileLength(path)
            let bytes = try FileSystem.read(path, at: 0, count: Int(length))
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            throw Failure(error)
        }
    }
}
