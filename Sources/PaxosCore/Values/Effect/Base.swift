/// What the prefix of a log up to a slot did, for whoever goes on from there without its entries (`R43`).
///
/// Equal on every member, but for the ballot. Its slot is never within a batch.
package struct Base: Hashable, Sendable {
    package let slot: Slot
    /// Nothing up to `slot` was chosen under a higher ballot.
    package let ballot: Ballot
    /// The members that govern what follows.
    package let membership: Membership
    /// The slot of the entry that named them; 0 of the founding ones.
    package let membershipSlot: Slot
    /// Exactly as of `slot`, however far the node had gone on.
    package let state: LogState
    /// Of all entries up to `slot`.
    package let prefix: PrefixDigest
    /// Of the effective commands up to `slot`, one after the other: slots and payloads.
    package let digest: UInt64

    package init(
        slot: Slot,
        ballot: Ballot,
        membership: Membership,
        membershipSlot: Slot,
        state: LogState,
        prefix: PrefixDigest,
        digest: UInt64
    ) {
        self.slot = slot
        self.ballot = ballot
        self.membership = membership
        self.membershipSlot = membershipSlot
        self.state = state
        self.prefix = prefix
        self.digest = digest
    }

    /// What a node that begins at the base has delivered.
    package var checkpoint: Checkpoint {
        Checkpoint(slot: slot, digest: prefix, state: state)
    }

    /// Before the first slot.
    package static func founding(_ membership: Membership) -> Base {
        Base(
            slot: .zero,
            ballot: .zero,
            membership: membership,
            membershipSlot: .zero,
            state: LogState(),
            prefix: .empty,
            digest: 0
        )
    }
}

/// Makes a later base of an earlier one, by the rows between them.
///
/// What a node delivers runs ahead of whoever asks for a base, so it is not taken from there: the rows are
/// decided once more, by the same function (`R71`), up to the slot that is asked for.
package struct BaseReplay: Sendable {
    private var delivery: Delivery
    private var ballot: Ballot
    private var membership: Membership
    private var membershipSlot: Slot
    private var digest: UInt64

    package init(from base: Base) {
        delivery = Delivery(resuming: base.checkpoint)
        ballot = base.ballot
        membership = base.membership
        membershipSlot = base.membershipSlot
        digest = base.digest
    }

    /// The slot that must be fed next.
    package var next: Slot { delivery.next }

    /// Every slot up to here is decided; what was fed beyond is a batch whose end is not known yet.
    package var decided: Slot { delivery.delivered }

    /// The base at slot `decided`.
    package var base: Base {
        Base(
            slot: delivery.delivered,
            ballot: ballot,
            membership: membership,
            membershipSlot: membershipSlot,
            state: delivery.state,
            prefix: delivery.digest,
            digest: digest
        )
    }

    /// Takes the committed row of slot `next`, unless a slot is decided without it: where a batch is torn, what
    /// there is of it is without effect as soon as the row behind it does not continue it.
    package mutating func feed(_ row: AcceptedEntry, towards slot: Slot) {
        delivery.endTorn(before: row.entry) { _ in }
        if delivery.delivered < slot { feed(row) }
    }

    /// Takes the committed row of slot `next`. Its ballot is not below the one it was chosen under (`R68`).
    package mutating func feed(_ row: AcceptedEntry) {
        precondition(row.slot == next, "a base is made of every row")
        ballot = max(ballot, row.ballot)
        if case .membership(let named) = row.entry {
            membership = named
            membershipSlot = row.slot
        }
        var digest = digest
        delivery.feed(row.entry) { decision in
            guard decision.effect == .effective else { return }
            digest = Self.digest(of: decision, after: digest)
        }
        self.digest = digest
    }

    private static func digest(of decision: Decision, after digest: UInt64) -> UInt64 {
        var hash = SipHash(key: (digest, decision.slot.rawValue))
        var reader = decision.command.payload.span
        hash.absorb(UInt64(reader.remaining))
        while let word = reader.uint64() { hash.absorb(word) }
        var rest: UInt64 = 0
        while let byte = reader.uint8() { rest = rest << 8 | UInt64(byte) }
        hash.absorb(rest)
        return hash.finish()
    }
}
