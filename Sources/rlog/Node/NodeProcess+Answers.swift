import LogCommands
import PaxosCore
import Platform
import ReplicatedLog
import ReplicatedLogTCP

// What each request comes to. The names are a contract: docs/OPERATIONS.md.

extension NodeProcess {
    func append(
        _ payload: [UInt8],
        at expected: Slot?,
        _ timeout: Duration?,
        _ onUnknown: LogNode.OnUnknown
    ) async -> [(String, JSON)] {
        do throws(AppendError) {
            let slot =
                if let expected {
                    try await log.append(
                        payload,
                        at: expected,
                        timeout: timeout,
                        onUnknown: onUnknown
                    )
                } else {
                    try await log.append(payload, timeout: timeout, onUnknown: onUnknown)
                }
            return [("outcome", .string("committed")), ("slot", .unsigned(slot.rawValue))]
        } catch {
            return error.fields
        }
    }

    func append(
        contentsOf payloads: [[UInt8]],
        at expected: Slot?,
        _ timeout: Duration?,
        _ onUnknown: LogNode.OnUnknown
    ) async -> [(String, JSON)] {
        do throws(AppendError) {
            let slots =
                if let expected {
                    try await log.append(
                        contentsOf: payloads,
                        at: expected,
                        timeout: timeout,
                        onUnknown: onUnknown
                    )
                } else {
                    try await log.append(
                        contentsOf: payloads,
                        timeout: timeout,
                        onUnknown: onUnknown
                    )
                }
            return [
                ("outcome", .string("committed")),
                ("first_slot", .unsigned(slots.lowerBound.rawValue)),
                ("last_slot", .unsigned(slots.upperBound.rawValue)),
            ]
        } catch {
            return error.fields
        }
    }

    func barrier(_ timeout: Duration?) async -> [(String, JSON)] {
        do throws(BarrierError) {
            return [("slot", .unsigned(try await log.barrier(timeout: timeout).rawValue))]
        } catch {
            return error.fields
        }
    }

    /// About the most bytes of the entries of one answer, its last one aside; what is missing begins after
    /// its `through`.
    private static let maxReadBytes = 1 << 20
    /// What an entry has in an answer beside its payload.
    private static let entryBytes = 64

    /// One page, and how it is written.
    func read(_ slots: ClosedRange<Slot>) async -> @Sendable () -> [(String, JSON)] {
        var entries: [LogPage.Entry] = []
        var through = slots.lowerBound.previous
        var bytes = 0
        do throws(ReadError) {
            while through < slots.upperBound, bytes < Self.maxReadBytes {
                let page = try await log.entries(in: through.next...slots.upperBound)
                for entry in page.entries where bytes < Self.maxReadBytes {
                    bytes += entry.payload.count + Self.entryBytes
                    entries.append(entry)
                }
                let isWhole = entries.count == 0 || bytes < Self.maxReadBytes
                let end = isWhole ? page.through : entries.last?.slot ?? page.through
                guard end > through else { break }
                through = end
            }
        } catch {
            return { error.fields }
        }
        let (found, end) = (entries, through)
        return {
            let list = found.map { entry in
                JSON.object([
                    ("slot", .unsigned(entry.slot.rawValue)),
                    ("payload_base64", .bytes(entry.payload)),
                ])
            }
            return [("entries", .array(list)), ("through", .unsigned(end.rawValue))]
        }
    }

    func status() -> [(String, JSON)] {
        let status = log.status
        let leader = log.leader
        let members = status.members.map { member in
            JSON.object([
                ("node", .unsigned(member.node.rawValue)),
                ("committed_slot", .unsigned(member.committedSlot.rawValue)),
                ("lag", .optional(member.lag.map(UInt64.init))),
            ])
        }
        return [
            ("node", .unsigned(status.node.rawValue)),
            ("cluster", .string(log.configuration.cluster.name)),
            ("incarnation", .string(log.incarnation.description)),
            ("role", .string(status.role.rawValue)),
            ("leader", .optional(status.leader?.rawValue)),
            ("leader_ballot", .optional(leader?.ballot.text)),
            ("leader_address", .optional(leader?.text)),
            ("ballot", .optional(status.ballot?.text)),
            ("promised", .string(status.promised.text)),
            ("committed_slot", .unsigned(status.committedSlot.rawValue)),
            ("delivered_slot", .unsigned(status.deliveredSlot.rawValue)),
            ("trimmed_slot", .unsigned(status.trimmedSlot.rawValue)),
            ("health", .string(status.health.name)),
            ("health_detail", .optional(status.health.detail)),
            ("refused_peer", .optional(status.refusedPeer?.node.rawValue)),
            ("refused_peer_reason", .optional(status.refusedPeer?.reason.rawValue)),
            ("certificate_expires", .optional(transport?.tls?.expires)),
            ("resident_bytes", .optional(ProcessUsage.now().anonymousResidentBytes)),
            ("members", .array(members)), ("counters", .object(counters(status))),
        ]
    }

    private func counters(_ status: LogStatus) -> [(String, JSON)] {
        let storage = status.storage
        let usage = ProcessUsage.now()
        let cpuMicroseconds = (usage.userSeconds + usage.systemSeconds) * 1e6
        var counters: [(String, JSON)] = [
            ("cpu_us", .unsigned(UInt64(cpuMicroseconds))),
            ("commits", .unsigned(storage.commits)), ("flushes", .unsigned(storage.flushes)),
            ("runway_flushes", .unsigned(storage.runwayFlushes)),
            ("confirming_flushes", .unsigned(storage.confirmingFlushes)),
            ("rows", .unsigned(storage.rows)), ("payload_bytes", .unsigned(storage.payloadBytes)),
            ("bytes_written", .optional(storage.bytesWritten)),
            ("unreadable_reads", .unsigned(storage.unreadableReads)),
            ("map_used_bytes", .integer(storage.mapUsedBytes)),
            ("map_bytes", .integer(storage.mapBytes)),
            ("slots_in_flight", .integer(status.slotsInFlight)),
            ("inbox_appends", .integer(status.inboxAppends)),
            ("inbox_bytes", .integer(status.inboxBytes)),
            ("dropped_messages", .unsigned(status.droppedMessages)),
            ("dropped_log_lines", .unsigned(status.droppedLogLines)),
        ]
        guard let transport else { return counters }
        let tcp = transport.counters
        counters += [
            ("connected", .integer(tcp.connected)), ("accepted", .integer(tcp.accepted)),
            ("accept_failures", .integer(tcp.acceptFailures)),
            ("unreachable", .integer(tcp.unreachable)),
            ("sent_messages", .integer(tcp.sentMessages)),
            ("sent_bytes", .integer(tcp.sentBytes)), ("writes", .integer(tcp.writes)),
            ("received_messages", .integer(tcp.receivedMessages)),
            ("received_bytes", .integer(tcp.receivedBytes)),
            ("unsent_messages", .integer(tcp.dropped)),
            ("refused_connections", .integer(tcp.refusedTotal)),
        ]
        for (refusal, count) in tcp.refused.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            counters.append(("refused_\(refusal.rawValue)", .integer(count)))
        }
        return counters
    }
}

extension LogStatus.Health {
    fileprivate var name: String {
        switch self {
        case .healthy: "healthy"
        case .full: "full"
        case .rolledBack: "rolled_back"
        case .behindTrim: "behind_trim"
        case .disagrees: "disagrees"
        case .refused: "refused"
        case .damaged: "damaged"
        case .failed: "failed"
        case .closed: "closed"
        }
    }

    fileprivate var detail: String? {
        switch self {
        case .rolledBack(let found): found.description
        case .behindTrim(let slot):
            "what it lacks up to slot \(slot) is trimmed at every member that answers"
        case .disagrees(let what): what.description
        case .refused(let node, let reason): "by node \(node.rawValue): \(reason.rawValue)"
        case .damaged(let slot): "the row of slot \(slot) is missing or not what was written"
        case .failed(.storeFailed(let failure)): failure.description
        case .failed(let error): error.description
        default: nil
        }
    }
}

extension AppendError {
    /// `never` of what is in the log nowhere and will not be; `unknown`, with its token, of everything
    /// else.
    var fields: [(String, JSON)] {
        switch self {
        case .unknown(let token, let reason):
            outcome("unknown", token: token, error: reason.name)
        case .never(let reason): outcome("never", error: reason.name)
        case .payloadTooLarge: outcome("never", error: "payload_too_large")
        case .noSuchSlot: outcome("never", error: "no_such_slot")
        case .emptyBatch: outcome("never", error: "empty_batch")
        case .batchTooLarge: outcome("never", error: "batch_too_large")
        case .overloaded: outcome("never", error: "overloaded")
        }
    }

    private func outcome(
        _ outcome: String,
        token: Token? = nil,
        error: String
    ) -> [(String, JSON)] {
        [
            ("outcome", .string(outcome)), ("token", .optional(token.map { "\($0)" })),
            ("error", .string(error)),
        ]
    }
}

extension AppendError.Reason {
    fileprivate var name: String {
        switch self {
        case .timedOut: "timed_out"
        case .cancelled: "cancelled"
        case .full: "full"
        case .closed: "closed"
        case .storeFailed: Failure.storeFailed
        case .runFailed: "run_failed"
        case .rolledBack: "rolled_back"
        case .passed: "passed"
        case .voided: "voided"
        case .slotTaken: "slot_taken"
        }
    }
}

extension BarrierError {
    fileprivate var fields: [(String, JSON)] {
        let name =
            switch self {
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

extension ReadError {
    var fields: [(String, JSON)] {
        switch self {
        case .trimmed(let through):
            [("error", .string("trimmed")), ("through", .unsigned(through.rawValue))]
        case .unreadable(let slot):
            [("error", .string("unreadable")), ("slot", .unsigned(slot.rawValue))]
        case .closed: [("error", .string("closed"))]
        case .storeFailed: [("error", .string(Failure.storeFailed))]
        case .runFailed: [("error", .string("run_failed"))]
        }
    }
}

extension LogNode.Subscription.Event {
    var fields: [(String, JSON)] {
        switch self {
        case .entry(let slot, let payload, let previous):
            [
                ("event", .string("entry")), ("slot", .unsigned(slot.rawValue)),
                ("payload_base64", .bytes(payload)),
                ("previous", .unsigned(previous.rawValue)),
            ]
        case .gap(let through, let reason):
            [
                ("event", .string("gap")), ("through", .unsigned(through.rawValue)),
                ("reason", .string(reason.description)),
            ]
        case .progress(let through):
            [("event", .string("progress")), ("through", .unsigned(through.rawValue))]
        }
    }
}
