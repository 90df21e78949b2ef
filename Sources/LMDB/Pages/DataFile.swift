#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// How far an LMDB data file reaches, looked at without mapping it.
///
/// LMDB maps the file and believes it: a file shorter than its last page is a SIGBUS at the first touch
/// of what is missing, and an empty one is silently made into a new environment. So its two meta pages are
/// read by `pread` first.
package struct DataFile: Equatable {
    package let length: Int
    package let pageSize: Int
    /// How far the pages of the state reach.
    package let usedBytes: Int

    /// - Parameter isRecovered: What a crash may have left is confirmed, so that the newest state counts. Else an
    ///   opening may still take the one before it, and pages of the newest may be missing.
    package static func inspect(
        _ path: String,
        isRecovered: Bool = true
    ) throws(DataFileError) -> DataFile {
        guard let firstPage = try sector(path, at: 0) else {
            throw .truncated(length: try fileLength(path), needed: MetaPage.sector)
        }
        guard firstPage.withUnsafeBytes({ MetaPage.beginsAsAny($0) }) else { throw .foreign }
        guard let pageSize = firstPage.withUnsafeBytes({ MetaPage.pageSize($0) }) else {
            throw .damaged(detail: "the first meta page")
        }
        let secondPage = try sector(path, at: pageSize)
        // The length is read after the pages: a file only grows.
        let length = try fileLength(path)
        guard let secondPage, length >= 2 * pageSize else {
            throw .truncated(length: length, needed: 2 * pageSize)
        }
        // LMDB opens nothing of which one meta page is unreadable, though the other would do.
        guard let first = firstPage.withUnsafeBytes({ MetaPage($0, place: 0) }) else {
            throw .damaged(detail: "the first meta page")
        }
        guard let second = secondPage.withUnsafeBytes({ MetaPage($0, place: 1) }) else {
            throw .damaged(detail: "the second meta page")
        }
        let newest = first.transaction > second.transaction ? first : second
        let last = isRecovered ? newest.lastPage : min(first.lastPage, second.lastPage)
        let used = (Int(last) + 1) * pageSize
        guard length >= used else { throw .truncated(length: length, needed: used) }
        return DataFile(length: length, pageSize: pageSize, usedBytes: used)
    }

    /// Refuses a file that ends before a page.
    package static func check(
        _ path: String,
        reaches lastPage: UInt64,
        pageSize: Int
    ) throws(DataFileError) {
        let length = try fileLength(path)
        let needed = (Int(lastPage) + 1) * pageSize
        guard length >= needed else { throw .truncated(length: length, needed: needed) }
    }

    /// The beginning of a meta page, or nil if the file ends before.
    private static func sector(_ path: String, at place: Int) throws(DataFileError) -> [UInt8]? {
        let file: OpenFile
        do throws(FileFailure) {
            file = try OpenFile(path: path)
        } catch {
            throw .system(error)
        }
        defer { file.close() }
        do throws(LMDBError) {
            let bytes = try file.bytes(at: place, count: MetaPage.sector)
            return bytes.count == MetaPage.sector ? bytes : nil
        } catch {
            throw .system(FileFailure(code: error.code, operation: "read", path: path))
        }
    }

    private static func fileLength(_ path: String) throws(DataFileError) -> Int {
        var status = stat()
        while stat(path, &status) != 0 {
            let code = errno
            if code != EINTR {
                throw .system(FileFailure(code: code, operation: "stat", path: path))
            }
        }
        return Int(status.st_size)
    }
}
