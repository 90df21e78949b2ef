internal import Platform

/// Looks at an LMDB data file without mapping it.
///
/// LMDB maps the file and believes it: a file shorter than its last page is a SIGBUS at the first touch
/// of what is missing, and an empty one is silently made into a new environment (docs/STORAGE.md). So
/// its two meta pages are read by `pread` first. Each is
///
///     0 page number u64 | 8 pad u16 | 10 flags u16 | 12 u32        the page's header
///    16 magic u32 | 20 version u32 | 24 address u64 | 32 map size u64
///    40 page size u32 ... free table's record, 48 bytes | 88 main table's record, 48 bytes
///   136 last page u64 | 144 transaction u64
struct DataFile: Equatable {
    let length: Int
    let pageSize: Int
    /// How far the pages of the state reach.
    let usedBytes: Int

    /// - Parameter isRecovered: What a crash may have left is settled, so that the newest state counts. Else an
    ///   opening may still take the one before it, and pages of the newest may be missing.
    static func inspect(
        _ path: String,
        isRecovered: Bool = true
    ) throws(LogOpenError) -> DataFile {
        let needed = PageFile.Meta.bytes
        guard let firstPage = try page(path, at: 0) else {
            throw .truncated(path: path, length: try fileLength(path), needed: needed)
        }
        guard firstPage.uint32(16) == PageFile.Meta.magic else { throw .notALog(path: path) }
        let pageSize = Int(firstPage.uint32(40) ?? 0)
        guard (512...65_536).contains(pageSize), pageSize.nonzeroBitCount == 1 else {
            throw .corrupt(path: path, detail: "the first meta page")
        }
        let secondPage = try page(path, at: pageSize)
        // The length is read after the pages: a file only grows.
        let length = try fileLength(path)
        guard let secondPage, length >= 2 * pageSize else {
            throw .truncated(path: path, length: length, needed: 2 * pageSize)
        }
        // LMDB opens nothing of which one meta page is unreadable, though the other would do.
        guard let first = PageFile.Meta(firstPage, at: 0, number: 0) else {
            throw .corrupt(path: path, detail: "the first meta page")
        }
        guard let second = PageFile.Meta(secondPage, at: 0, number: 1) else {
            throw .corrupt(path: path, detail: "the second meta page")
        }
        let newest = first.transaction > second.transaction ? first : second
        let last = isRecovered ? newest.lastPage : min(first.lastPage, second.lastPage)
        let used = (Int(last) + 1) * pageSize
        guard length >= used else {
            throw .truncated(path: path, length: length, needed: used)
        }
        return DataFile(length: length, pageSize: pageSize, usedBytes: used)
    }

    /// Refuses a file that ends before a page.
    static func check(
        _ path: String,
        reaches lastPage: UInt64,
        pageSize: Int
    ) throws(LogOpenError) {
        let length = try fileLength(path)
        let needed = (Int(lastPage) + 1) * pageSize
        guard length >= needed else {
            throw .truncated(path: path, length: length, needed: needed)
        }
    }

    /// The beginning of a meta page, or nil if the file ends before.
    private static func page(_ path: String, at offset: Int) throws(LogOpenError) -> Page? {
        let count = PageFile.Meta.bytes
        do throws(PosixError) {
            let bytes = try FileSystem.read(path, at: offset, count: count)
            return bytes.count == count ? Page(bytes: bytes) : nil
        } catch {
            throw LogOpenError(error)
        }
    }

    private static func fileLength(_ path: String) throws(LogOpenError) -> Int {
        do throws(PosixError) {
            return Int(try FileSystem.fileLength(path))
        } catch {
            throw LogOpenError(error)
        }
    }
}
