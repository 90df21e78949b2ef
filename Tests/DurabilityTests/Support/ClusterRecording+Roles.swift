import PaxosCore

@testable import ReplicatedLog

/// What the nodes of a recording were and did, told by what left them.
extension ClusterRecording {
    /// How many departures there are of each kind.
    var kinds: [String: Int] {
        departures.reduce(into: [:]) { $0[$1.departure.kind, default: 0] += 1 }
    }

    private func messages(of node: NodeID) -> [Message] {
        departures.compactMap { placed in
            guard placed.departure.node == node,
                case .sent(let envelope) = placed.departure.content
            else { return nil }
            return envelope.message
        }
    }

    /// Nodes that have led and then accepted what another leader proposed above their ballot.
    var deposed: [NodeID] {
        ClusterScript.members.filter { node in
            var led: Ballot?
            return messages(of: node).contains { message in
                switch message {
                case .immediate(.accept(let accept)):
                    led = accept.ballot
                    return false
                case .statement(.accepted(let accepted)):
                    return led.map { accepted.ballot > $0 } ?? false
                default: return false
                }
            }
        }
    }

    /// Nodes that have accepted what one leader proposed and then promised another one a higher ballot.
    var wentOver: [NodeID] {
        ClusterScript.members.filter { node in
            var followed: Ballot?
            return messages(of: node).contains { message in
                switch message {
                case .statement(.accepted(let accepted)):
                    followed = accepted.ballot
                    return false
                case .statement(.promise(let promise)):
                    return followed.map { promise.ballot > $0 } ?? false
                default: return false
                }
            }
        }
    }

    /// Slots in which a leader has proposed again, under its own ballot, what another one had proposed.
    var proposedAgain: Int {
        var ballots: [Slot: Set<Ballot>] = [:]
        for placed in departures {
            guard case .sent(let envelope) = placed.departure.content,
                case .immediate(.accept(let accept)) = envelope.message
            else { continue }
            for slot in ClaimCheck.each(accept.run.slots) {
                ballots[slot, default: []].insert(accept.ballot)
            }
        }
        return ballots.values.count { $0.count > 1 }
    }
}
