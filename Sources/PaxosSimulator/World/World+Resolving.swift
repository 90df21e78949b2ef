import PaxosCore

/// Callers who ask what became of a token, on any member: of an append that ended `unknown`, or of one that is on its
/// way. Some have it settled.
extension World {
    /// In two worlds of three, from a generator of its own.
    func drawResolves(seed: UInt64) {
        guard faults.contains(.resolve) else { return }
        var random = SeededGenerator(seed: seed ^ 0x7265_736f)
        guard random.below(3) > 0 else { return }
        resolveRandom = random
        agenda.put(.resolve, at: now.advanced(byTicks: 10))
    }

    func askForTokens() {
        guard var random = resolveRandom, !isQuiescing else { return }
        defer { resolveRandom = random }
        agenda.put(.resolve, at: now.advanced(byTicks: random.within(1...30)))
        let running = nodes.filter { $0.process?.hasClosed == false && !$0.isTwin }
        guard let node = random.pick(running), let process = node.process else { return }
        let onTheirWay = ledger.proposed(within: 20).compactMap(\.token)
        let known = random.oneIn(2) ? onTheirWay : unknownTokens
        guard let token = random.pick(known) ?? random.pick(onTheirWay) else { return }
        let isPatient = random.below(4) > 0
        resolve(
            token,
            settles: random.below(3) == 0,
            deadline: isPatient
                ? .never : process.tick(at: now).advanced(by: UInt64(random.below(200))),
            node,
            process
        )
    }

    func resolve(
        _ token: Token,
        settles: Bool,
        deadline: Tick,
        _ node: SimulatedNode,
        _ process: SimulatedProcess
    ) {
        counts.count(.resolve)
        var caller = Callers.Caller(
            append: nil,
            count: 0,
            deadline: deadline,
            floor: ledger.acknowledged
        )
        caller.resolves = (token, settles)
        process.resolves.append(
            ResolveRequest(
                waiter: process.callers.add(caller),
                token: token,
                settles: settles,
                deadline: deadline
            )
        )
        trace.note(
            .called,
            at: now,
            node,
            token.sequence,
            settles ? 1 : 0,
            "\(settles ? "settle" : "resolve") \(token)"
        )
        schedule(node)
    }

    /// Nobody forgets what a caller was told to be unknown, as long as there are not too many.
    func noteUnknown(_ token: Token) {
        if unknownTokens.count == 64 { unknownTokens.removeFirst() }
        unknownTokens.append(token)
    }

    /// What a caller is told of a token is true, and stays true (`R26`).
    func check(
        _ fate: TokenFate,
        of caller: Callers.Caller,
        _ node: SimulatedNode,
        _ process: SimulatedProcess
    ) throws(Violation) {
        guard let (token, settles) = caller.resolves else {
            throw Violation(.reply, "\(node.id) tells of a token who did not ask")
        }
        let effective = ledger.expected.slot(of: token)
        switch fate {
        case .effective:
            try demand(
                effective.map { $0 <= process.core.delivered } ?? false,
                .acknowledgement,
                "\(node.id) says that \(token) has had its effect; it has not"
            )
        case .never:
            try ledger.refuse(token)
        case .forgotten:
            try demand(
                ledger.expected.isEnded(token),
                .reply,
                "\(node.id) has forgotten \(token), whose boot goes on"
            )
        case .open:
            try demand(!settles, .reply, "\(node.id) leaves \(token) open, which was to be settled")
            try demand(
                effective.map { $0 > process.core.delivered } ?? true,
                .reply,
                "\(node.id) has delivered \(token) and does not know it"
            )
        }
    }

    /// Every settling that goes on at a member which is asked for progress has ended, if the leader can hear of the
    /// boot that it is about.
    var hasSettledTokens: Bool {
        probes.allSatisfy { probe in
            let process = nodes[probe.node].process
            return process?.callers.contains { caller in
                guard let (token, settles) = caller.resolves, settles else { return false }
                return probes.contains { nodes[$0.node].id == token.node }
            } != true
        }
    }
}

extension Entry {
    fileprivate var token: Token? {
        if case .command(let command) = self { command.token } else { nil }
    }
}
