@testable import PaxosCore

/// Three replicas with disks that are durable at once, and the messages between them, which the test
/// delivers, repeats or loses. Nothing is chosen twice: `chosen` traps no matter who knows of it.
final class Trio {
    struct Sent: Equatable {
        let from: NodeID
        let to: NodeID
        let message: Message
    }

    static let nodes: [NodeID] = [1, 2, 3]
    private(set) var replicas: [Replica] = []
    /// Each node's rows, by slot, and what else it would find after a crash.
    private(set) var rows: [[Slot: AcceptedEntry]] = [[:], [:], [:]]
    private var states: [RecoveredState] = []
    private(set) var wire: [Sent] = []
    /// Who accepted what under which ballot, ever.
    private var acceptances: [Proposed: MemberSet] = [:]
    private(set) var chosen: [Slot: Entry] = [:]
    private var proposals: [Slot: [Ballot: Entry]] = [:]
    private let limits: Limits

    private struct Proposed: Hashable {
        let slot: Slot
        let ballot: Ballot
    }

    init(pageBytes: Int = 1 << 20) throws {
        var limits = Limits()
        limits.pageBytes = pageBytes
        self.limits = limits
        for node in Self.nodes {
            let state = Identities.recovered(node: node, of: Self.nodes)
            states.append(state)
            replicas.append(Replica(recovered: state, limits: limits, seed: node.rawValue))
        }
    }

    subscript(node: NodeID) -> Replica { replicas[Self.place(node)] }

    private static func place(_ node: NodeID) -> Int { Int(node.rawValue) - 1 }

    func campaign(_ node: NodeID) throws {
        var output = Output()
        replicas[Self.place(node)].campaign(output: &output)
        try carryOut(output, of: node)
    }

    /// Proposes a command, if the node leads and has room.
    func propose(_ number: UInt64, at node: NodeID) throws {
        let place = Self.place(node)
        let entry = Self.command(number)
        guard replicas[place].appetite.takes(slots: 1, bytes: 1) else { return }
        var output = Output()
        replicas[place].assign(entry)
        replicas[place].propose([entry], output: &output)
        try carryOut(output, of: node)
    }

    /// Time passes for a node.
    func tick(_ node: NodeID, at now: Tick) throws {
        let place = Self.place(node)
        var output = Output()
        replicas[place].now = now
        replicas[place].tick(output: &output)
        try carryOut(output, of: node)
    }

    /// The node hands on what it may, and keeps it on disk only.
    func deliver(at node: NodeID) {
        while replicas[Self.place(node)].takeDeliverable() != nil {}
    }

    static func command(_ number: UInt64) -> Entry {
        let token = Token(node: 9, boot: Boot(1), sequence: number)
        return .command(Command(token: token, payload: [1]))
    }

    /// Delivers one message, and what answers it waits on the wire.
    func deliver(_ sent: Sent) throws {
        let place = Self.place(sent.to)
        var output = Output()
        switch sent.message {
        case .statement(let statement):
            replicas[place].receive(statement, from: sent.from, output: &output)
        case .immediate(let message):
            replicas[place].receive(message, from: sent.from, output: &output)
        }
        replicas[place].proposeRecovered(output: &output)
        try carryOut(output, of: sent.to)
    }

    /// Delivers everything between the nodes named until nothing is left; the rest is lost.
    func talk(_ nodes: NodeID...) throws {
        while let sent = take(0) {
            if nodes.contains(sent.from), nodes.contains(sent.to) { try deliver(sent) }
        }
    }

    func take(_ place: Int) -> Sent? {
        place < wire.count ? wire.remove(at: place) : nil
    }

    /// The node loses its memory and finds its disk.
    func restart(_ node: NodeID) {
        let place = Self.place(node)
        states[place].accepted = rows[place].values.sorted { $0.slot < $1.slot }
        replicas[place] = Replica(
            recovered: states[place],
            limits: limits,
            seed: node.rawValue
        )
    }

    // MARK: - Inside

    private func carryOut(_ output: borrowing Output, of node: NodeID) throws {
        let place = Self.place(node)
        for message in output.immediate {
            send(.immediate(message.body), from: node, to: message.destination)
        }
        try write(output.rows, of: node)
        replicas[place].markDurable(
            promised: output.rows.promised,
            runs: output.rows.accepted.count
        )
        let testimony = output.testimony
        let reads = output.reads
        for said in testimony {
            if said.destination == node {
                try deliver(Sent(from: node, to: node, message: .statement(said.body)))
            } else {
                send(.statement(said.body), from: node, to: said.destination)
            }
        }
        for request in reads { try serve(request, to: node) }
    }

    private func send(_ message: Message, from: NodeID, to: NodeID) {
        wire.append(Sent(from: from, to: to, message: message))
    }

    private func serve(_ request: ReadRequest, to node: NodeID) throws {
        let place = Self.place(node)
        var disk = TestDisk()
        let last = rows[place].keys.max() ?? .zero
        disk.rows = (0..<Int(last.rawValue)).map { rows[place][Slot(rawValue: UInt64($0) + 1)] }
        var output = Output()
        replicas[place].receive(
            ReadCompletion(id: request.id, result: .success(disk.read(request))),
            output: &output
        )
        replicas[place].proposeRecovered(output: &output)
        try carryOut(output, of: node)
    }

    private func write(_ write: WriteRows, of node: NodeID) throws {
        let place = Self.place(node)
        states[place].promised = write.promised ?? states[place].promised
        states[place].lastRound = write.lastRound ?? states[place].lastRound
        for accepted in write.accepted {
            for (offset, entry) in accepted.run.entries.enumerated() {
                let slot = accepted.run.first.advanced(by: offset)
                rows[place][slot] = AcceptedEntry(
                    slot: slot,
                    ballot: accepted.ballot,
                    entry: entry,
                    isChosen: accepted.isChosen
                )
                if accepted.isChosen {
                    try demand(
                        chosen[slot] == entry,
                        "slot \(slot) is fetched as chosen and was not (R68)"
                    )
                } else {
                    try note(Proposed(slot: slot, ballot: accepted.ballot), entry, place)
                }
            }
        }
    }

    private func note(_ proposed: Proposed, _ entry: Entry, _ place: Int) throws {
        let known = proposals[proposed.slot, default: [:]][proposed.ballot]
        try demand(
            known == nil || known == entry,
            "\(proposed.ballot) proposes two entries in slot \(proposed.slot) (R4)"
        )
        proposals[proposed.slot, default: [:]][proposed.ballot] = entry
        acceptances[proposed, default: MemberSet()].insert(position: place)
        guard acceptances[proposed, default: MemberSet()].count >= 2 else { return }
        try demand(
            chosen[proposed.slot] == nil || chosen[proposed.slot] == entry,
            "slot \(proposed.slot) is chosen twice"
        )
        chosen[proposed.slot] = entry
    }
}
