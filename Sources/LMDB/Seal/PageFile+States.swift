/// Which states a file holds: what is sealed may be another one than the newer meta page says.
extension PageFile {
    private static let mostReadings = 1000

    /// The newest state that the file holds; throws if a meta page is not sound. At rest, with nobody who
    /// writes meanwhile, they are also those of two transactions in a row.
    ///
    /// Else LMDB may be writing one of them, of which a read may see a part: they are read until two
    /// readings agree.
    package func newest(isAtRest: Bool) throws(PageTree.Damage) -> FileState {
        var pages = try metaPages()
        var readings = 1
        while !isAtRest {
            let again = try metaPages()
            if again == pages { break }
            pages = again
            readings += 1
            guard readings < Self.mostReadings else {
                throw PageTree.Damage(page: 0, what: "meta pages that never hold still")
            }
        }
        guard let first = state(0, in: pages), let second = state(1, in: pages) else {
            throw PageTree.Damage(page: 0, what: "a meta page")
        }
        if isAtRest {
            let low = min(first.transaction, second.transaction)
            guard max(first.transaction, second.transaction) - low <= 1 else {
                throw PageTree.Damage(page: 0, what: "a meta page")
            }
        }
        // With equal transactions the first is meant, as LMDB decides.
        return second.transaction > first.transaction ? second : first
    }

    /// The state that an opening of the file at rest would take. After a crash that need not be the newest.
    package func recovered() throws(DataFileError) -> FileState {
        let place: Int?
        do throws(EnvironmentOpenError) {
            place = try SealedState.place(at: path)
        } catch {
            if case .damaged(_, let detail) = error { throw .damaged(detail: detail) }
            guard case .posix(let code, let path) = error else {
                throw .damaged(detail: error.description)
            }
            throw .system(FileFailure(code: code, operation: "open", path: path))
        }
        do throws(PageTree.Damage) {
            guard let place else { return try newest(isAtRest: true) }
            guard let state = state(place, in: try metaPages()) else {
                throw PageTree.Damage(page: UInt64(place), what: "a meta page")
            }
            return state
        } catch {
            throw DataFileError(error)
        }
    }

    /// The state of a transaction, of a file at rest.
    package func state(of transaction: UInt64) throws(PageTree.Damage) -> FileState {
        let place = Int(transaction % 2)
        let found = state(place, in: try metaPages())
        guard let found, found.transaction == transaction else {
            throw PageTree.Damage(page: UInt64(place), what: "a meta page")
        }
        return found
    }

    private func state(_ place: Int, in pages: [UInt8]) -> FileState? {
        let begin = place * pageSize
        let sector = Array(pages[begin..<begin + MetaPage.sector])
        return MetaSector(sector, place: place).map { FileState($0.meta, roots: $0.roots) }
    }
}

extension PageTree {
    package init(path: String) throws(DataFileError) {
        try self.init(file: try PageFile(path: path))
    }

    /// Of a file at rest.
    package init(file: PageFile) throws(DataFileError) {
        do throws(Damage) {
            self.init(file: file, state: try file.newest(isAtRest: true))
        } catch {
            throw DataFileError(error)
        }
    }
}
