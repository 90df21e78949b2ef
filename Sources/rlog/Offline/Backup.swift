import ArgumentParser
import LogCommands
import LogStorage
import PaxosCore

/// `rlog backup`: a copy of a directory's log, to be kept.
struct Backup: RlogCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy the log of a directory, also of a live node's, to be kept.",
        discussion: """
            The copy is whole, flushed and read back, or absent. It never starts as the node that it was \
            made of: `rlog restore` makes a new cluster of it. `rlog inspect`, `dump` and `verify` read it. \
            Beside a live node the node's file grows by what is written meanwhile.
            """
    )

    @Argument(help: "The data directory.")
    var directory: String

    @Argument(help: "Where the copy is to be: missing or empty.")
    var destination: String

    @Option(help: "Address space for the data files, in bytes; no less than that of the node.")
    var mapSize: Int?

    @Flag(help: "Answer with one JSON object.")
    var json = false

    func execute() async throws(Failure) -> ExitStatus {
        let (directory, destination, mapSize) = (directory, destination, mapSize)
        let copied = try await offPool { () throws(Failure) in
            do throws(LogCopyError) {
                return try LogCopy.backUp(
                    directory,
                    to: destination,
                    storage: StorageOptions(mapSize: mapSize)
                )
            } catch {
                throw Failure(error)
            }
        }.get()
        if json {
            Output.answer(copied.json("backup", of: directory, at: destination))
        } else {
            Output.answer(
                "copied \(directory), node \(copied.identity.node.rawValue) of \(copied.identity.cluster), "
                    + "to \(destination): \(copied.text)\n"
            )
        }
        return .done
    }
}

/// `rlog restore`: the log of a backup as that of a new cluster.
struct Restore: RlogCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a data directory of a NEW cluster of one member from a backup.",
        discussion: """
            Also from the directory of a stopped node. Entries keep their slots. Members of the old cluster \
            refuse the new one and are refused: what they acknowledged and the backup does not hold is lost to it.
            """
    )

    @Option(help: "Where to make it: missing or empty.")
    var data: String

    @Option(help: "The backup, or a data directory that no process has open.")
    var from: String

    @Option(
        help: "The new cluster, of another name: 1 to 63 characters of a-z A-Z 0-9 - _ .",
        transform: Parsing.cluster
    )
    var cluster: ClusterID

    @Option(
        help: "The id of its only member; that of the backup if not given.",
        transform: Parsing.node
    )
    var id: NodeID?

    @Option(help: "Address space for the data file while it is made, in bytes.")
    var mapSize: Int?

    @Flag(help: "Answer with one JSON object.")
    var json = false

    func validate() throws {
        try Parsing.requirePath(data)
        guard !from.isEmpty else { throw ValidationError("--from is empty.") }
    }

    func execute() async throws(Failure) -> ExitStatus {
        let (data, from, cluster, id, mapSize) = (data, from, cluster, id, mapSize)
        let copied = try await offPool { () throws(Failure) in
            do throws(LogCopyError) {
                return try LogCopy.restore(
                    from,
                    as: cluster,
                    node: id,
                    at: data,
                    storage: StorageOptions(mapSize: mapSize)
                )
            } catch {
                throw Failure(error)
            }
        }.get()
        Output.complain(
            "\(data) begins the NEW cluster \(cluster) of one member, node \(copied.identity.node.rawValue): "
                + "what the old one acknowledged behind slot \(copied.lastSlot) is not in it"
        )
        if json {
            Output.answer(copied.json("restored", of: from, at: data))
        } else {
            Output.answer("restored \(from) into \(data): \(copied.text)\n")
        }
        return .done
    }
}

extension StorageOptions {
    fileprivate init(mapSize: Int?) {
        self.init()
        if let mapSize { self.mapSize = mapSize }
    }
}

extension CopiedLog {
    fileprivate var text: String {
        let begin = trimmedSlot == .zero ? "" : ", trimmed through \(trimmedSlot)"
        let end = lastSlot == committedSlot ? "" : ", accepted through \(lastSlot)"
        let snapshot = snapshotSlot.map { ", snapshot of slot \($0)" } ?? ""
        return "committed through slot \(committedSlot)\(end)\(begin)\(snapshot)"
    }

    fileprivate func json(_ done: String, of source: String, at place: String) -> JSON {
        .object([
            (done, .string(place)), ("from", .string(source)),
            ("cluster", .string(identity.cluster.name)), ("id", .unsigned(identity.node.rawValue)),
            ("committed_slot", .unsigned(committedSlot.rawValue)),
            ("last_slot", .unsigned(lastSlot.rawValue)),
            ("trimmed_slot", .unsigned(trimmedSlot.rawValue)),
            ("snapshot_slot", .optional(snapshotSlot?.rawValue)),
        ])
    }
}
