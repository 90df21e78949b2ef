/// An LMDB data file, open for reading by `pread`: shared by all who walk its pages. Blocking; any thread.
///
/// A page that cannot be read is an error here, where a touch of the map would end the process (`SIGBUS`).
package final class PageFile: Sendable {
    package let path: String
    package let pageSize: Int
    private let file: OpenFile

    package convenience init(path: String) throws(DataFileError) {
        let file = try DataFile.inspect(path, isRecovered: false)
        try self.init(path: path, pageSize: file.pageSize)
    }

    package init(path: String, pageSize: Int) throws(DataFileError) {
        self.path = path
        self.pageSize = pageSize
        do throws(FileFailure) {
            file = try OpenFile(path: path)
        } catch {
            throw .system(error)
        }
    }

    deinit {
        // Closing alone would leave a lock to a child that is being forked at this moment.
        OwnerLock.unlock(file.descriptor)
        file.close()
    }

    /// Keeps writers away for as long as this value lives, without leaving anything behind: they hold the
    /// whole file. False if one is there.
    package func share() throws(DataFileError) -> Bool {
        do throws(EnvironmentOpenError) {
            try OwnerLock.lock(file.descriptor, access: .inspect, path: path)
            return true
        } catch {
            guard case .posix(let code, _) = error else { return false }
            throw .system(FileFailure(code: code, operation: "flock", path: path))
        }
    }

    /// So many bytes, or nil if the file ends before. An error of the system keeps its name.
    func read(at place: Int, bytes count: Int) throws(FileFailure) -> Page? {
        do throws(LMDBError) {
            let bytes = try file.bytes(at: place, count: count)
            return bytes.count == count ? Page(bytes: bytes) : nil
        } catch {
            throw FileFailure(code: error.code, operation: "pread", path: path)
        }
    }

    /// Both meta pages, and what lies between, by one call: it costs more than the bytes between them.
    func metaPages() throws(PageTree.Damage) -> [UInt8] {
        let found: Page?
        do throws(FileFailure) {
            found = try read(at: 0, bytes: pageSize + MetaPage.sector)
        } catch {
            throw PageTree.Damage(page: 0, what: "a meta page", cause: error)
        }
        guard let found else { throw PageTree.Damage(page: 0, what: "a meta page that is gone") }
        return found.bytes
    }
}
