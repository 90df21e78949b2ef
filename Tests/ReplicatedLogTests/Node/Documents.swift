import Foundation

@testable import PaxosCore

/// What the documents say, for tests that compare them with the code.
enum Documents {
    /// The rows of all tables of docs/OPERATIONS.md.
    static func operations() throws -> [String] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appending(path: "docs/OPERATIONS.md")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .map(String.init).filter { $0.hasPrefix("|") }
    }
}

extension NodeFact {
    /// One of each kind.
    static let examples: [NodeFact] = {
        let ballot = Ballot(round: 2, node: 1)
        let failure = StoreFailure(operation: "flush", code: 5, detail: "EIO")
        let difference = AgreementDifference(field: "members", here: "1", there: "2")
        return [
            .campaigned(ballot), .becameLeader(ballot), .lostLeadership(ballot, .lostQuorum),
            .foundLeader(ballot), .lostLeader(1), .lostQuorum, .foundQuorum, .metPeer(2, Boot(1)),
            .refusedPeer(RefusedPeer(node: 2, reason: .twin)),
            .refusedByPeer(2, reason: .twin),
            .disagrees(Disagreement(node: 2, differences: [difference])),
            .rolledBack(RolledBack(witness: 2, cause: .laterBoot)), .fellBehind(1...2),
            .caughtUp(2), .behindTrim(2), .trimmed(2), .full, .notFull, .diskOverdue,
            .diskInTime, .storeFailed(failure),
        ]
    }()
}
