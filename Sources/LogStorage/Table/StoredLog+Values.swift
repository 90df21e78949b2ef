internal import LogWire
internal import PaxosCore
internal import Platform

extension StoredLog {
    /// The small values as they are written, of which `state(_:_:)` is the reading.
    static func values(
        of state: RecoveredState,
        _ coding: StateCoding
    ) -> [(StateName, [UInt8])] {
        [
            (.promised, coding.seal(state.promised, .promised)),
            (.lastRound, coding.seal(state.lastRound, .lastRound)),
            (.boot, coding.seal(state.boot.rawValue, .boot)),
            (.committed, coding.seal(state.committed.rawValue, .committed)),
            (.trimmed, coding.seal(state.trimmed.rawValue, .trimmed)),
            (.base, coding.seal(state.base.encoded(), .base)),
            (.left, coding.seal(state.leftBehind, .left)),
            (.checkpoint, coding.seal(state.checkpoint.encoded(), .checkpoint)),
            (.peers, coding.seal(PeerRecord.encoded(state.peers), .peers)),
            (.cursors, coding.seal(CursorRecord.encoded(state.cursors), .cursors)),
            (.lineage, coding.seal(Opening.encoded(state.openings), .lineage)),
            (.latch, coding.seal(RolledBack.encoded(state.rolledBack), .latch)),
        ]
    }
}

extension DirectoryIdentity {
    /// Of a directory that is made now, unlike every other.
    static func founding(
        _ cluster: ClusterID,
        _ node: NodeID,
        _ membership: Membership,
        _ shape: Shape
    ) -> DirectoryIdentity {
        DirectoryIdentity(
            formatVersion: Schema.formatVersion,
            cluster: cluster,
            node: node,
            incarnation: Incarnation(high: SystemRandom.uint64(), low: SystemRandom.uint64()),
            membership: membership,
            shape: shape,
            secret: .init(first: SystemRandom.uint64(), second: SystemRandom.uint64())
        )
    }
}

extension RecoveredState {
    /// Of a directory that was never opened: nothing promised, nothing accepted.
    static func founding(_ identity: DirectoryIdentity) -> RecoveredState {
        RecoveredState(
            cluster: identity.cluster,
            node: identity.node,
            incarnation: identity.incarnation,
            membership: identity.membership,
            boot: .never,
            openings: [],
            secret: identity.secret
        )
    }
}
