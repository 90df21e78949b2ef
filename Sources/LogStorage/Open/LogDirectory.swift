internal import LMDB
internal import LogWire
internal import PaxosCore
internal import Platform

/// A data directory by its path, looked at without LMDB: it maps the file and follows whatever its pages say.
struct LogDirectory {
    let path: String

    /// The data file.
    var file: String { Schema.dataPath(in: path) }

    /// Checks what can be checked without mapping the file.
    func check(_ storage: StorageOptions?) throws(LogOpenError) {
        guard try exists(path) else { throw .missingDirectory(path: path) }
        if storage?.refusesNetworkFileSystems ?? false {
            let kind: FileSystemKind
            do throws(PosixError) {
                kind = try FileSystemKind(path: path)
            } catch {
                throw LogOpenError(error)
            }
            if kind.isNetwork { throw .networkFileSystem(path: path, name: kind.name) }
        }
        guard try exists(file) else { throw .notALog(path: path) }
        do throws(LogOpenError) {
            try checkLength(isRecovered: false)
        } catch {
            // A live writer may have been between two pages: who has the lock decides.
            try refuseIfHeld()
            try checkLength(isRecovered: false)
        }
    }

    /// Only what the system says is not there is missing; whatever else keeps it from looking keeps its
    /// name.
    private func exists(_ path: String) throws(LogOpenError) -> Bool {
        do throws(PosixError) {
            return try FileSystem.isThere(path)
        } catch {
            throw LogOpenError(error)
        }
    }

    private func refuseIfHeld() throws(LogOpenError) {
        let isFree: Bool
        do throws(PosixError) {
            isFree = try ReadOnlyFile(path: file).lockShared()
        } catch {
            throw LogOpenError(error)
        }
        guard isFree else { throw .directoryInUse(path: path) }
    }

    /// Refuses a file that ends before its last page.
    ///
    /// - Parameter isRecovered: What a crash may have left is confirmed.
    func checkLength(isRecovered: Bool = true) throws(LogOpenError) {
        do throws(DataFileError) {
            _ = try DataFile.inspect(file, isRecovered: isRecovered)
        } catch {
            throw LogOpenError(error, path: file)
        }
    }

    /// What of the file's pages is about to be followed.
    enum Pages {
        case values
        case rows(from: Slot)
    }

    /// Refuses a file whose pages LMDB might not survive.
    func checkPages(_ pages: Pages) throws(LogOpenError) {
        let tree: PageTree
        do throws(DataFileError) {
            tree = try PageTree(path: file)
        } catch {
            throw LogOpenError(error, path: file)
        }
        do throws(PageTree.Damage) {
            switch pages {
            case .values: try tree.checkValues()
            case .rows(let first): try tree.checkRows(from: first)
            }
        } catch {
            throw LogOpenError(error, path: file)
        }
    }

    /// The file, to be read beside LMDB.
    func pageFile() throws(LogOpenError) -> PageFile {
        do throws(DataFileError) {
            return try PageFile(path: file)
        } catch {
            throw LogOpenError(error, path: file)
        }
    }

    /// Whose it is; refuses what is not of this version, or nobody's.
    func identity(_ reading: DirectoryIdentity.Reading) throws(LogOpenError) -> DirectoryIdentity {
        switch reading {
        case .identity(let identity): return identity
        case .otherFormat(let found) where found < Schema.formatVersion:
            throw .olderFormat(path: path, found: found, supported: Schema.formatVersion)
        case .otherFormat(let found):
            throw .newerFormat(path: path, found: found, supported: Schema.formatVersion)
        case .foreign: throw .notALog(path: path)
        case .corrupt: throw .corrupt(path: file, detail: "the identity")
        }
    }
}
