import CrashHistory
import Foundation
import NodeProcesses
import Platform

/// What is asked when everything has healed: one more append, what everybody has, and what lies in the
/// directories once all have ended.
struct Settlement {
    static let patience = Duration.seconds(30)

    let cluster: Cluster
    let recorder: Recorder

    /// The logs that everybody has; `nil`, and reported, if the cluster does not come round.
    func settle() throws -> [History.Log]? {
        let begin = MonotonicClock.now()
        guard append(until: begin.advanced(by: Self.patience)) else {
            recorder.report("no append gets through after everything healed")
            return nil
        }
        settleTokens()
        var end: UInt64 = 0
        for member in cluster.members {
            let begun = Recorder.now
            let reply = member.process?.ask("barrier", atMost: Self.patience)
            guard let slot = reply?.slot else {
                recorder.report("n\(member.number) answers no barrier after everything healed")
                return nil
            }
            recorder.barrier(begun: begun, slot: slot)
            end = max(end, slot)
        }
        var logs: [History.Log] = []
        for member in cluster.members {
            guard deliver(member, through: end), let entries = read(member, through: end) else {
                return nil
            }
            logs.append(History.Log("n\(member.number) as it is read", entries))
        }
        // Also if nothing has effect there: whoever waits for what a barrier named waits for ever else (R86).
        let arrival = waitUntil(Self.patience) {
            cluster.members.allSatisfy { $0.subscriber.through >= end }
        }
        if !arrival {
            let places = cluster.members.map { "\($0.subscriber.through)" }
            recorder.report(
                "not every subscriber comes to the barriers' slot \(end): "
                    + places.joined(separator: ", ")
            )
        }
        for member in cluster.members { member.terminate() }
        logs += cluster.members.map(\.subscriber.log)
        for member in cluster.members { try logs.append(dump(member)) }
        try verify()
        return logs
    }

    private func append(until end: MonotonicInstant) -> Bool {
        var attempt = 0
        while MonotonicClock.now() < end {
            attempt += 1
            let member = cluster.members[attempt % cluster.members.count]
            let payload = "settled \(attempt)"
            let place = recorder.begin([payload])
            let more = ",\"payload\":\"\(payload)\",\"timeout_ms\":2000"
            let reply = member.process?.ask("append", more, atMost: .seconds(3))
            recorder.end(place, reply)
            if reply?.outcome == "committed" { return true }
        }
        return false
    }

    /// So many tokens at most: each may put an entry into the log.
    private static let mostTokens = 400

    /// Whatever is unknown still is settled: every settling ends.
    private func settleTokens() {
        let appends = recorder.history.appends.enumerated()
        let open = appends.filter { $0.element.outcome == .unknown && $0.element.token != nil }
        for (turn, append) in open.suffix(Self.mostTokens).enumerated() {
            guard let token = append.element.token else { continue }
            let member = cluster.members[turn % cluster.members.count]
            let more = ",\"token\":\"\(token)\",\"settle\":true,\"timeout_ms\":30000"
            let reply = member.process?.ask("resolve", more, atMost: Self.patience)
            guard !recorder.resolve(append.offset, reply) else { continue }
            let why = reply?.error ?? "nothing"
            recorder.report("n\(member.number) does not settle \(token): \(why)")
            return
        }
    }

    private func deliver(_ member: Member, through slot: UInt64) -> Bool {
        let isDone = waitUntil(Self.patience) {
            let status = member.process?.ask("status", atMost: .seconds(2))
            return status?.deliveredSlot ?? 0 >= slot
        }
        if !isDone { recorder.report("n\(member.number) does not deliver slot \(slot)") }
        return isDone
    }

    private func read(_ member: Member, through end: UInt64) -> [History.Entry]? {
        var entries: [History.Entry] = []
        var next: UInt64 = 1
        while next <= end {
            let more = ",\"from\":\(next),\"to\":\(min(end, next + 4_999))"
            guard let reply = member.process?.ask("read", more, atMost: .seconds(30)),
                let found = reply.entries, let through = reply.through, through >= next
            else {
                recorder.report("n\(member.number) does not read slot \(next)")
                return nil
            }
            entries += found.map { .init($0.slot, String(decoding: $0.payload, as: UTF8.self)) }
            next = through + 1
        }
        return entries
    }

    // MARK: - At rest

    private struct Row: Decodable {
        let slot: UInt64?
        let effective: Bool?
        let payload: Data?

        private enum CodingKeys: String, CodingKey {
            case slot, effective
            case payload = "payload_base64"
        }
    }

    /// What a directory holds, as far as it knows what is committed.
    private func dump(_ member: Member) throws -> History.Log {
        let result = try Rlog.run("dump", member.directory)
        if result.status != 0 {
            recorder.report("rlog dump of n\(member.number) ends with status \(result.status)")
        }
        let decoder = JSONDecoder()
        var log = History.Log("n\(member.number)'s directory", isWhole: false)
        for line in result.lines {
            let row = try decoder.decode(Row.self, from: Data(line.utf8))
            guard row.effective == true, let slot = row.slot, let payload = row.payload else {
                continue
            }
            log.entries.append(.init(slot, String(decoding: payload, as: UTF8.self)))
        }
        return log
    }

    private func verify() throws {
        let directories = cluster.members.map(\.directory)
        let result = try Rlog.start(["verify"] + directories).wait()
        if result.status != 0 {
            let text = result.output + result.errors
            recorder.report("rlog verify ends with status \(result.status): \(text.prefix(2_000))")
        }
    }
}
