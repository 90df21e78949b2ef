import PaxosCore

/// What callers, the network and processes do.
extension Scene {
    func call(_ name: String, _ arguments: inout Arguments) throws(CommandError) {
        switch name {
        case "append":
            let (node, process) = try arguments.process()
            let isBatch = !arguments.isEmpty
            let count = isBatch ? try arguments.number() : 1
            guard (1...world.mix.limits.maxBatchEntries).contains(count) else {
                throw CommandError("a batch of \(count) is beyond the limits")
            }
            world.submitAppend(
                count: count,
                isBatch: isBatch,
                size: 8,
                deadline: .never,
                process
            )
            let size = isBatch ? " of \(count)" : ""
            world.trace.note(.called, at: world.now, node, 0, 0, "append a\(world.appends)\(size)")
            try drain(node)
        case "append-at":
            let (node, process) = try arguments.process()
            world.appendForSlot(try arguments.slot(), node, process)
            try drain(node)
        case "transfer":
            let (node, process) = try arguments.process()
            let target = try arguments.node().id
            world.transfer(to: target, node, process)
            try drain(node)
        case "barrier":
            let (node, process) = try arguments.process()
            world.barrier(node, process)
            try drain(node)
        case "trim":
            let (node, process) = try arguments.process()
            world.trim(through: try arguments.slot(), node, process)
            try drain(node)
        case "resolve", "settle":
            let (node, process) = try arguments.process()
            let word = try arguments.word()
            guard let token = Token(word) else { throw CommandError("\(word) is no token") }
            let settles = name == "settle"
            world.resolve(token, settles: settles, deadline: .never, node, process)
            try drain(node)
        case "snapshot":
            let (node, process) = try arguments.process()
            world.snapshots =
                world.snapshots ?? WorldSnapshots(random: SeededGenerator(seed: 1), bytes: 150)
            guard world.writeSnapshot(node, process) else {
                throw CommandError("\(node.label) has nothing new to write a snapshot of")
            }
            try drain(node)
        default:
            let (node, process) = try arguments.process()
            let label = try arguments.word()
            guard let waiter = process.callers.cancel(label) else {
                throw CommandError("\(label) does not wait at \(node.label)")
            }
            process.cancellations.append(waiter)
            try drain(node)
        }
    }

    private func drain(_ node: SimulatedNode) throws(CommandError) {
        world.schedule(node)
        try check { () throws(Violation) in }
    }

    func carry(_ name: String, _ arguments: inout Arguments) throws(CommandError) {
        switch name {
        case "hold": _ = stage.rule(try arguments.pattern(), .waits)
        case "drop": _ = stage.rule(try arguments.pattern(), .isLost)
        case "deliver":
            let messages = stage.rule(try arguments.pattern(), .arrives)
            for message in messages { world.deliver(message, on: stage) }
            try check { () throws(Violation) in }
        case "partition": try partition(&arguments)
        case "cut":
            let from = try arguments.node()
            let arrow = try arguments.word()
            let to = try arguments.node()
            guard arrow == "->" || arrow == "--" else {
                throw CommandError("links are cut n1 -> n2, or n1 -- n2 both ways")
            }
            var links = [world.network.link(from: from.index, to: to.index)]
            if arrow == "--" { links.append(world.network.link(from: to.index, to: from.index)) }
            _ = world.network.impair(links)
        default: world.network.healAll()
        }
    }

    /// `partition n1 n2 | n3`: no side hears another.
    private func partition(_ arguments: inout Arguments) throws(CommandError) {
        var sides: [[SimulatedNode]] = [[]]
        while !arguments.isEmpty {
            let word = try arguments.word()
            if word == "|" {
                sides.append([])
            } else {
                sides[sides.count - 1].append(try node(named: word))
            }
        }
        var links: [Int] = []
        for (number, side) in sides.enumerated() {
            for (other, opposite) in sides.enumerated() where number != other {
                for from in side {
                    for to in opposite {
                        links.append(world.network.link(from: from.index, to: to.index))
                    }
                }
            }
        }
        _ = world.network.impair(links)
    }

    func runProcess(_ name: String, _ arguments: inout Arguments) throws(CommandError) {
        switch name {
        case "crash":
            let (node, _) = try arguments.process()
            let kept = try survivors(node, &arguments)
            try check { () throws(Violation) in try world.crash(node, keeping: kept) }
        case "recover":
            let node = try arguments.node()
            guard node.process == nil else { throw CommandError("\(node.label) runs") }
            try check { () throws(Violation) in try world.start(node) }
            if node.process == nil { tell("\(node.label) is refused by its store") }
        case "stop":
            let (node, process) = try arguments.process()
            process.isClosing = true
            process.closeBy = process.tick(at: world.now).advanced(by: 30)
            try drain(node)
        case "pause":
            let (node, _) = try arguments.process()
            node.isPaused = true
        default:
            let (node, _) = try arguments.process()
            world.resume(node)
            world.beginFlush(node)
            try drain(node)
        }
    }

    /// `before flush`: nothing in flight survives; `after flush`: all of it, though nobody was told.
    private func survivors(
        _ node: SimulatedNode,
        _ arguments: inout Arguments
    ) throws(CommandError) -> Int {
        guard !arguments.isEmpty else { return 0 }
        let when = try arguments.word()
        guard ["before", "after"].contains(when), try arguments.word() == "flush" else {
            throw CommandError("a node crashes before flush or after flush")
        }
        return when == "after" ? node.store.unreceipted : 0
    }

    func runDisk(_ name: String, _ arguments: inout Arguments) throws(CommandError) {
        let node = try arguments.node()
        switch name {
        case "stall": stage.setStalled(true, node)
        case "flush":
            let all = node.store.unreceipted
            let count = arguments.isEmpty ? all : try arguments.number()
            try check { () throws(Violation) in try world.flush(node, count: count) }
        case "unstall":
            stage.setStalled(false, node)
            world.beginFlush(node)
            try check { () throws(Violation) in }
        case "fill", "empty":
            world.setFull(name == "fill", node)
            try drain(node)
        case "fail": try fail(node)
        default:
            node.isDamaged = true
            node.store.rot(try arguments.slot())
        }
    }

    private func fail(_ node: SimulatedNode) throws(CommandError) {
        guard let process = node.process else { throw CommandError("\(node.label) is down") }
        try check { () throws(Violation) in
            try node.store.fail(keeping: 0)
            process.hasFailed = true
            process.failure = StoreFailure(operation: "flush", code: 5, detail: "simulated")
            world.schedule(node)
        }
    }
}

extension Callers {
    /// Cancels the caller of this name.
    fileprivate mutating func cancel(_ label: String) -> WaiterID? {
        guard let index = index(of: label) else { return nil }
        return cancel(index, stale: false)
    }
}
