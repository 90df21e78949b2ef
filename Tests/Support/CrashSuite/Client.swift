import CrashHistory
import NodeProcesses
import PaxosSimulator
import Platform

/// Appends one after the other until it is told to stop, through whichever node answers. What was
/// `never` it appends again, as a payload of its own; what is unknown it asks for, and has it settled every other time.
/// Some appends ask for the slot behind the last one that anybody was told of, and race with those of other clients.
final class Client: Sendable {
    private static let patience = Duration.seconds(3)

    private let number: Int
    private let members: [Member]
    private let recorder: Recorder
    private let isStopped = Locked(false)

    init(_ number: Int, members: [Member], _ recorder: Recorder) {
        self.number = number
        self.members = members
        self.recorder = recorder
    }

    func stop() { isStopped.withLock { $0 = true } }

    /// On a thread of its own.
    func run(seed: UInt64) {
        var run = Run(generator: SeededGenerator(seed: seed), place: number % members.count)
        while !isStopped.withLock({ $0 }) {
            guard let process = members[run.place].process else {
                run.move(among: members.count)
                run.rest(milliseconds: 5)
                continue
            }
            if run.generator.oneIn(12) {
                barrier(process, &run)
            } else if run.generator.oneIn(60) {
                transfer(process, &run)
            } else {
                append(process, &run)
            }
            if run.generator.oneIn(40) { run.move(among: members.count) }
            run.rest(milliseconds: run.generator.below(8))
        }
    }

    /// What one thread knows.
    private struct Run {
        var generator: SeededGenerator
        var place: Int
        var turn = 0
        let parker = Parker()

        mutating func move(among count: Int) { place = generator.below(count) }
        func rest(milliseconds: Int) { parker.park(timeout: .milliseconds(milliseconds)) }
    }

    /// Sends and waits; an answer that comes too late is recorded all the same.
    private func ask(
        _ process: NodeProcess,
        _ request: (operation: String, more: String),
        record: @escaping @Sendable (Reply?) -> Void
    ) -> Reply? {
        let pending = PendingReply()
        process.send(request.operation, request.more) { reply in
            record(reply)
            pending.end(reply)
        }
        return pending.wait(atMost: Self.patience)
    }

    /// Until the outcome is one that ends it: committed, unknown, or the third `never`.
    private func append(_ first: NodeProcess, _ run: inout Run) {
        run.turn += 1
        let count = run.generator.oneIn(8) ? run.generator.within(2...4) : 1
        let bytes = run.generator.below(run.generator.oneIn(40) ? 8_000 : 300)
        var process = first
        for attempt in 1...3 {
            let payloads = (1...count).map { part in
                "c\(number)-\(run.turn).\(part) attempt \(attempt) "
                    + String(repeating: "x", count: bytes)
            }
            let expected = run.generator.oneIn(4) ? recorder.lastSlot + 1 : nil
            let request = request(payloads, expected, &run)
            let place = recorder.begin(payloads, expected: expected)
            let reply = ask(process, request) { [recorder] in recorder.end(place, $0) }
            if reply?.outcome == "committed" { return }
            run.move(among: members.count)
            run.rest(milliseconds: 10)
            if let token = reply?.token { resolve(token, of: place, &run) }
            if reply?.error == "slot_taken" { recorder.count("slots taken") }
            guard reply?.outcome == "never", !isStopped.withLock({ $0 }),
                let next = members[run.place].process
            else { return }
            recorder.count("retries")
            process = next
        }
    }

    /// Asks another member, mostly, what became of an append, and has it settled or not.
    private func resolve(_ token: String, of append: Int, _ run: inout Run) {
        guard let process = members[run.place].process else { return }
        let settle = run.generator.oneIn(2)
        let limit = run.generator.within(100...2_000)
        let more = ",\"token\":\"\(token)\",\"settle\":\(settle),\"timeout_ms\":\(limit)"
        _ = ask(process, (operation: "resolve", more: more)) { [recorder] reply in
            recorder.resolve(append, reply)
        }
    }

    private func request(
        _ payloads: [String],
        _ expected: UInt64?,
        _ run: inout Run
    ) -> (operation: String, more: String) {
        let quoted = payloads.map { "\"\($0)\"" }.joined(separator: ",")
        var limit = ""
        if run.generator.oneIn(3) {
            limit = ",\"timeout_ms\":\(run.generator.within(20...1_500))"
        }
        if let expected { limit += ",\"expected_slot\":\(expected)" }
        return payloads.count == 1
            ? ("append", ",\"payload\":\(quoted)\(limit)")
            : ("append_batch", ",\"payloads\":[\(quoted)]\(limit)")
    }

    /// Has some member lead; whether it does is not waited for by anybody else.
    private func transfer(_ process: NodeProcess, _ run: inout Run) {
        let target = 1 + run.generator.below(members.count)
        let limit = run.generator.within(100...2_000)
        let request = (operation: "transfer", more: ",\"to\":\(target),\"timeout_ms\":\(limit)")
        _ = ask(process, request) { [recorder] reply in
            recorder.count(reply?.leader == nil ? "transfers unanswered" : "transfers")
        }
    }

    private func barrier(_ process: NodeProcess, _ run: inout Run) {
        let begun = Recorder.now
        let limit = run.generator.within(100...2_000)
        let request = (operation: "barrier", more: ",\"timeout_ms\":\(limit)")
        let reply = ask(process, request) { [recorder] reply in
            guard let slot = reply?.slot else { return recorder.count("barriers unanswered") }
            recorder.barrier(begun: begun, slot: slot)
        }
        if reply?.slot == nil { run.move(among: members.count) }
    }
}
