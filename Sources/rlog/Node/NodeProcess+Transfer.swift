import LogCommands
import ReplicatedLog

extension NodeProcess {
    func transfer(to node: NodeID, _ timeout: Duration?) async -> [(String, JSON)] {
        do throws(TransferError) {
            let ballot = try await log.transferLeadership(to: node, timeout: timeout)
            return [
                ("leader", .unsigned(ballot.node.rawValue)), ("ballot", .string(ballot.text)),
            ]
        } catch {
            return error.fields
        }
    }
}

extension LogNode.Leader {
    /// What it tells of itself, as a text; nil if nothing.
    var text: String? { address.isEmpty ? nil : String(decoding: address, as: UTF8.self) }
}

extension TransferError {
    fileprivate var fields: [(String, JSON)] {
        let name =
            switch self {
            case .noSuchMember: "no_such_member"
            case .timedOut: "timed_out"
            case .cancelled: "cancelled"
            case .closed: "closed"
            case .storeFailed: Failure.storeFailed
            case .runFailed: "run_failed"
            case .rolledBack: "rolled_back"
            }
        return [("error", .string(name))]
    }
}
