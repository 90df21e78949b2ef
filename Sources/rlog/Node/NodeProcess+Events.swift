import LogCommands
import ReplicatedLog

extension NodeProcess {
    /// Each event of the node is a line, behind one that says from when on they are told.
    func watchEvents(_ id: JSON, _ outlet: Outlet) -> [(String, JSON)]? {
        beginSubscription(id) { [self] in
            var iterator = log.events.makeAsyncIterator()
            await outlet.write(.object([("id", id), ("event", .string("watching"))]))
            while let event = await iterator.next() {
                await outlet.write(.object([("id", id)] + event.fields))
            }
        }
    }
}

extension LogNode.Event {
    /// The names are a contract: docs/OPERATIONS.md.
    fileprivate var fields: [(String, JSON)] {
        let name = Self.key(fact.name)
        let missed = dropped > 0 ? [("dropped", JSON.integer(dropped))] : []
        return [("event", .string(name))] + details + missed
    }

    private var details: [(String, JSON)] {
        switch fact {
        case .becameLeader(let ballot), .foundLeader(let ballot):
            [("leader", .unsigned(ballot.node.rawValue)), ("ballot", .string(ballot.text))]
        case .campaigned(let ballot): [("ballot", .string(ballot.text))]
        case .lostLeadership(let ballot, let why):
            [("ballot", .string(ballot.text)), ("reason", .string(Self.key(why.rawValue)))]
        case .lostLeader(let node): [("leader", .unsigned(node.rawValue))]
        default:
            fact.details.map { detail in
                let number = UInt64(detail.value).map(JSON.unsigned)
                return (Self.key(detail.name), number ?? .string(detail.value))
            }
        }
    }

    /// As every key and name is written here.
    private static func key(_ name: String) -> String {
        String(name.map { $0 == "-" ? "_" : $0 })
    }
}
