import ArgumentParser
import LogCommands
import ReplicatedLog

/// `rlog init`: makes the data directory of a member, which `rlog node` never does.
struct Init: RlogCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a data directory; it is whole or absent, whatever happens meanwhile."
    )

    @Option(help: "Where to make it: missing or empty.")
    var data: String

    @Option(
        help: "The cluster: 1 to 63 characters of a-z A-Z 0-9 - _ .",
        transform: Parsing.cluster
    )
    var cluster: ClusterID

    @Option(help: "This node's id, from 1.", transform: Parsing.node)
    var id: NodeID

    @Option(help: "The ids of all founding members, as in 1,2,3.", transform: Parsing.membership)
    var members: Membership

    @Option(help: "The largest payload, in bytes; the same on all members.")
    var maxPayloadBytes: Int?

    @Option(help: "Slots proposed and not yet committed, at most; the same on all members.")
    var pipelineSlots: Int?

    @Option(help: "Payload bytes proposed and not yet committed; the same on all members.")
    var pipelineBytes: Int?

    @Option(help: "Payload bytes in one page of rows; the same on all members.")
    var pageBytes: Int?

    @Option(help: "Address space for the data file while it is made, in bytes.")
    var mapSize: Int?

    @Flag(help: "Answer with one JSON object.")
    var json = false

    func validate() throws {
        try Parsing.requirePath(data)
        guard members.members.contains(id) else {
            throw ValidationError("--id \(id.rawValue) is none of --members.")
        }
        do {
            _ = try limits.validated()
        } catch {
            throw ValidationError("\(error).")
        }
    }

    private var limits: Limits {
        var limits = Limits()
        if let maxPayloadBytes {
            limits.maxPayloadBytes = maxPayloadBytes
            let (twice, overflow) = maxPayloadBytes.multipliedReportingOverflow(by: 2)
            if !overflow { limits.pipelineBytes = max(limits.pipelineBytes, twice) }
            limits.inboxBytes = max(limits.inboxBytes, maxPayloadBytes)
        }
        if let pipelineSlots { limits.pipelineSlots = pipelineSlots }
        if let pipelineBytes { limits.pipelineBytes = pipelineBytes }
        if let pageBytes { limits.pageBytes = pageBytes }
        return limits
    }

    func execute() async throws(Failure) -> ExitStatus {
        var configuration = LogNode.Configuration(
            cluster: cluster,
            node: id,
            membership: members,
            limits: limits
        )
        if let mapSize { configuration.storage.mapSize = mapSize }
        do throws(LogCreateError) {
            try await LogNode.create(configuration, directory: data)
        } catch {
            throw Failure(error)
        }
        let names = members.members.map(\.rawValue)
        if json {
            Output.answer(
                .object([
                    ("created", .string(data)), ("cluster", .string(cluster.name)),
                    ("id", .unsigned(id.rawValue)),
                    ("members", .array(names.map(JSON.unsigned))),
                ])
            )
        } else {
            let list = names.map { String($0) }.joined(separator: ",")
            Output.answer(
                "made \(data) for node \(id.rawValue) of cluster \(cluster), members \(list)\n"
            )
        }
        return .done
    }
}

/// Turns what stands on the command line into identities, or says what is wrong with it.
enum Parsing {
    /// As an unset variable of a shell leaves it.
    static func requirePath(_ data: String) throws {
        guard !data.isEmpty else { throw ValidationError("--data is empty.") }
    }

    static func priority(_ text: String) throws -> LeadershipPriority {
        switch text {
        case "normal": return .normal
        case "prefer": return .prefer
        case "avoid": return .avoid
        default: throw ValidationError("--priority is normal, prefer or avoid.")
        }
    }

    static func cluster(_ text: String) throws -> ClusterID {
        do {
            return try ClusterID(text)
        } catch {
            throw ValidationError("\(error).")
        }
    }

    static func node(_ text: String) throws -> NodeID {
        guard let node = UInt64(text).flatMap(NodeID.init(rawValue:)) else {
            throw ValidationError("A node's id is a number from 1.")
        }
        return node
    }

    /// Ids with commas between them.
    static func membership(_ text: String) throws -> Membership {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let members = try parts.map { try node(String($0)) }
        do {
            return try Membership(members)
        } catch {
            throw ValidationError("\(error).")
        }
    }
}
