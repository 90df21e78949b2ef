import PaxosCore

/// The world of a scenario and the commands on it.
final class Scene {
    let world: World
    let stage = Stage()

    /// `cluster N [down|greets] [challenges] [leader=NODE] [LIMIT=VALUE...]`: starts N nodes, unless they stay
    /// down, lets them meet, and one lead. Told only from the meeting on if it `greets`; where it `challenges`,
    /// a process succeeds another only after that one's silence.
    init(_ arguments: [String]) throws(CommandError) {
        guard let count = arguments.first.flatMap({ Int($0) }), (1...7).contains(count) else {
            throw CommandError("a cluster has 1 to 7 members")
        }
        var limits = Limits()
        limits.maxPayloadBytes = 32
        var greets = false
        var isDown = false
        var leader: String?
        for argument in arguments.dropFirst() {
            if argument == "greets" {
                greets = true
            } else if argument == "down" {
                isDown = true
            } else if argument == "challenges" {
                stage.awaitsSilence = true
            } else if argument.hasPrefix("leader=") {
                leader = String(argument.dropFirst("leader=".count))
            } else {
                try limits.set(argument)
            }
        }
        do throws(InvalidMembership) {
            world = try World(stage: stage, members: count, limits: limits)
        } catch {
            throw CommandError("\(error)")
        }
        world.trace.isMuted = !greets
        try check { () throws(Violation) in
            for node in world.nodes where !isDown { try world.start(node) }
            try world.drain()
        }
        if let leader {
            var arguments = Arguments([leader], scene: self)
            try campaign(try arguments.process())
        }
        world.trace.isMuted = false
    }

    /// Does something to the world, and all that follows from it.
    func check(_ action: () throws(Violation) -> Void) throws(CommandError) {
        do throws(Violation) {
            try action()
            try world.drain()
        } catch {
            throw CommandError(error)
        }
    }

    func node(named label: String) throws(CommandError) -> SimulatedNode {
        guard let node = world.nodes.first(where: { $0.label == label }) else {
            throw CommandError("there is no node \(label)")
        }
        return node
    }

    func tell(_ text: String) {
        world.trace.note(.note, at: world.now, text)
    }

    func execute(_ name: String, _ given: Arguments) throws(CommandError) {
        var arguments = given
        switch name {
        case "campaign", "tick", "stabilise": try runClocks(name, &arguments)
        case "append", "append-at", "barrier", "trim", "snapshot", "cancel", "resolve", "settle",
            "transfer":
            try call(name, &arguments)
        case "hold", "drop", "deliver", "partition", "cut", "heal": try carry(name, &arguments)
        case "crash", "recover", "stop", "pause", "resume": try runProcess(name, &arguments)
        case "stall", "flush", "unstall", "fill", "empty", "fail", "rot":
            try runDisk(name, &arguments)
        case "backup", "rewrite", "wipe", "rollback", "twin", "clone":
            try replaceDisk(name, &arguments)
        case "claim", "contradict": try invent(name, &arguments)
        case "status", "log", "hide", "show": try show(name, &arguments)
        case "expect": try expect(&arguments)
        default: throw CommandError("there is no command \(name)")
        }
        try arguments.end()
    }

    // MARK: - Clocks

    private func runClocks(
        _ name: String,
        _ arguments: inout Arguments
    ) throws(CommandError) {
        switch name {
        case "tick":
            let count = try arguments.number()
            let nodes = try arguments.nodes()
            try check { () throws(Violation) in
                for _ in 0..<count { try world.tick(nodes) }
            }
        case "campaign": try campaign(try arguments.process())
        default: try stabilise()
        }
    }

    /// Only this node's clock goes on, until it has asked around for a leader.
    private func campaign(
        _ candidate: (node: SimulatedNode, process: SimulatedProcess)
    ) throws(CommandError) {
        stage.forgetAsking()
        try check { () throws(Violation) in
            for _ in 0..<2 * world.mix.limits.electionTicks + 1
            where !stage.hasAsked(candidate.node) && candidate.process.lastRole == .follower {
                try world.tick([candidate.node])
            }
        }
    }

    /// Every fault ends; every healthy node must get an append through and learn everything.
    private func stabilise() throws(CommandError) {
        world.trace.isMuted = true
        defer { world.trace.isMuted = false }
        for message in stage.rule(.everything, .arrives) { world.deliver(message, on: stage) }
        world.network.healAll()
        var ticks = 0
        try check { () throws(Violation) in
            for node in world.nodes {
                stage.setStalled(false, node)
                world.resume(node)
                world.setFull(false, node)
                world.beginFlush(node)
                try world.start(node)
            }
            try world.drain()
            world.probes = world.nodes.filter(\.isHealthy).map { World.Probe(node: $0.index) }
            while !world.isQuiet, ticks < 1_000 {
                for index in world.probes.indices { world.probe(index) }
                try world.drain()
                if world.isQuiet { break }
                try world.tick(world.nodes)
                ticks += 1
            }
            guard world.isQuiet else {
                throw Violation(.liveness, "after \(ticks) ticks: \(world.account)")
            }
        }
        world.trace.isMuted = false
        let leader = world.nodes.first { $0.process?.lastRole == .leader }
        tell(
            "stable: leader \(leader?.label ?? "none"), all have delivered through "
                + "\(world.ledger.chosenThrough)"
        )
    }
}

extension Limits {
    /// `page-bytes=1` and the like.
    fileprivate mutating func set(_ argument: String) throws(CommandError) {
        let parts = argument.split(separator: "=").map { String($0) }
        guard parts.count == 2, let value = Int(parts[1]), value > 0 else {
            throw CommandError("\(argument) is no limit")
        }
        switch parts[0] {
        case "page-bytes": pageBytes = value
        case "pipeline-slots": pipelineSlots = value
        case "checkpoint-slots": checkpointSlots = value
        case "retention-slots": retentionSlots = value
        case "retention-ticks": retentionTime = .milliseconds(10 * value)
        default: throw CommandError("there is no limit \(parts[0])")
        }
    }
}
