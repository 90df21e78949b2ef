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
    /// How far the newest state's pages reach.
    let usedBytes: Int

    private static let magic: UInt32 = 0xBEEF_C0DE
    private static let metaBytes = 152

    static func inspect(_ path: String) throws(LogOpenError) -> DataFile {
        let first = try meta(path, at: 0)
        guard let first else {
            let length = try fileLength(path)
            guard length < metaBytes else { throw .notALog(path: path) }
            throw .truncated(path: path, length: length, needed: metaBytes)
        }
        guard (512...65_536).contains(first.pageSize),
            first.pageSize.nonzeroBitCount == 1
        else { throw .corrupt(path: path, detail: "the first meta page") }
        let second = try meta(path, at: first.pageSize)
        // The length is read after the pages: a file only grows.
        let length = try fileLength(path)
        guard length >= 2 * first.pageSize else {
            throw .truncated(path: path, length: length, needed: 2 * first.pageSize)
        }
        // LMDB opens nothing of which one meta page is unreadable, though the other would do.
        guard let second else { throw .corrupt(path: path, detail: "the second meta page") }
        let newest = first.transaction > second.transaction ? first : second
        guard newest.lastPage < UInt64(Int.max / 65_536) else {
            throw .corrupt(path: path, detail: "the number of the last page")
        }
        let needed = (Int(newest.lastPage) + 1) * first.pageSize
        guard length >= needed else {
            throw .truncated(path: path, length: length, needed: needed)
        }
        return DataFile(length: length, pageSize: first.pageSize, usedBytes: needed)
    }

    private struct Meta {
        let pageSize: Int
        let lastPage: UInt64
        let transaction: UInt64
    }

    private static func meta(_ path: String, at offset: Int) throws(LogOpenError) -> Meta? {
        let bytes: [UInt8]
        do throws(PosixError) {
            bytes = try FileSystem.read(path, at: offset, count: metaBytes)
        } catch {
            throw LogOpenError(error)
        }
        guard bytes.count == metaBytes else { return nil }
        return bytes.withUnsafeBytes { bytes in
            guard bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self) == magic else {
                return nil
            }
            return Meta(
                pageSize: Int(bytes.loadUnaligned(fromByteOffset: 40, as: UInt32.self)),
                lastPage: bytes.loadUnaligned(fromByteOffset: 136, as: UInt64.self),
                transaction: bytes.loadUnaligned(fromByteOffset: 144, as: UInt64.self)
            )
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
