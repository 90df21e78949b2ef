internal import PaxosCore

/// What a node tells swift-metrics, each under `replicated_log_` and with the dimensions `cluster` and `node`:
/// names as Prometheus has them, with the unit at their end, and `_total` behind what only grows.
///
/// docs/OPERATIONS.md has the same table with what each means.
enum NodeMetric: String, CaseIterable {
    case role = "role"
    case leaderChanges = "leader_changes_total"
    case elections = "elections_total"
    case memberLag = "member_lag_slots"
    case appendDuration = "append_duration_seconds"
    case groupRows = "group_rows"
    case flushDuration = "flush_duration_seconds"
    case writtenBytes = "written_bytes_total"
    case queueBytes = "queue_bytes"
    case inboxBytes = "inbox_bytes"
    case droppedMessages = "dropped_messages_total"
    case catchUpBytes = "catch_up_bytes_total"
    case trimmedSlot = "trimmed_slot"
    case mapUsedBytes = "map_used_bytes"
    case mapBytes = "map_bytes"
    case runwayBytes = "runway_bytes"

    enum Kind: String {
        case counter, gauge, recorder, timer
    }

    var label: String { "replicated_log_" + rawValue }

    var kind: Kind {
        switch self {
        case .role, .memberLag, .queueBytes, .inboxBytes, .trimmedSlot, .mapUsedBytes, .mapBytes,
            .runwayBytes:
            .gauge
        case .leaderChanges, .elections, .writtenBytes, .droppedMessages, .catchUpBytes: .counter
        case .groupRows: .recorder
        case .appendDuration, .flushDuration: .timer
        }
    }
}

extension NodeRole {
    /// How a gauge shows it.
    var number: Int {
        switch self {
        case .follower: 0
        case .candidate: 1
        case .leader: 2
        }
    }
}
