internal import LMDB
internal import PaxosCore

extension DirectoryReader {
    /// Reads a directory that another process has open, as of its last commit, which is kept meanwhile: that
    /// process goes on, and its file grows by what it writes. Takes an entry in the table of readers, so both
    /// must share one machine and one space of process ids.
    ///
    /// What was committed last need not be durable yet: nobody was told of it then.
    package static func besideWriter<Value, Failure: Error>(
        at directory: String,
        mapSize: Int,
        _ body: (borrowing DirectoryReader) throws(Failure) -> Value
    ) throws(LogOpenError) -> Result<Value, Failure> {
        let place = LogDirectory(path: directory)
        try place.check(nil)
        let path = place.file
        let environment: Environment
        do throws(EnvironmentOpenError) {
            environment = try Environment.open(
                path: path,
                options: .init(mapSize: mapSize, access: .observe)
            )
        } catch {
            throw LogOpenError(error, path: path)
        }
        let file = try place.pageFile()
        do throws(TransactionError<LogOpenError>) {
            return try environment.withRead {
                (txn: borrowing ReadTransaction) throws(LogOpenError) in
                let state: FileState
                do throws(PageTree.Damage) {
                    state = try file.newest(isAtRest: false)
                } catch {
                    throw LogOpenError(error, path: path)
                }
                // Of this transaction or a later one: the pages of both are kept.
                guard state.transaction >= txn.id else {
                    throw LogOpenError.corrupt(path: path, detail: "its meta pages go back")
                }
                let reader = try DirectoryReader(place, PageTree(file: file, state: state))
                return Result { () throws(Failure) in try body(reader) }
            }
        } catch {
            switch error {
            case .body(let error): throw error
            case .begin(let error), .confirm(let error), .commit(let error), .seal(let error):
                throw LogOpenError(error, path: path)
            }
        }
    }
}
