/// Everything that has arrived since the last step, appends apart: the driver swaps it out of the inbox and hands
/// it over whole. Appends wait in the inbox until the core takes them.
package struct Arrivals: ~Copyable {
    package var now: Tick
    package var receipt: DurabilityReceipt?
    package var messages: [Envelope] = []
    package var completions: [ReadCompletion] = []
    package var snapshots: [SnapshotCompletion] = []
    package var barriers: [BarrierRequest] = []
    package var trims: [TrimRequest] = []
    package var cursors: [CursorRequest] = []
    /// How far consumers have come: nobody waits for that.
    package var confirmed: [CursorMove] = []
    package var resolves: [ResolveRequest] = []
    package var transfers: [TransferCall] = []
    package var cancellations: [WaiterID] = []
    /// The store ran out of room, or found some again.
    package var isFull: Bool?
    /// Rows above this slot are kept for a snapshot, until another is told; `Slot.limit`: for none.
    package var keepsAbove: Slot?
    /// The newest snapshot is of this slot.
    package var snapshot: Slot?
    /// What the host's machine was behind slots at which it wrote a snapshot.
    package var states: [StateMark] = []
    /// The store has failed: nothing that is in flight will be known durable.
    package var failure: StoreFailure?
    /// Shut down: take nothing new, finish what is in flight until then.
    package var closeBy: Tick?

    package init(now: Tick) {
        self.now = now
    }
}

/// An append that waits for its outcome.
package struct AppendRequest: Sendable {
    package let waiter: WaiterID
    package let payloads: Payloads
    package let bytes: Int
    /// The slot in which alone its first payload may stand; 0 for any.
    package let at: Slot
    package let deadline: Tick

    package init(
        waiter: WaiterID,
        payloads: Payloads,
        bytes: Int,
        at: Slot = .zero,
        deadline: Tick
    ) {
        self.waiter = waiter
        self.payloads = payloads
        self.bytes = bytes
        self.at = at
        self.deadline = deadline
    }

    package var count: Int { payloads.count }
}

/// A barrier that waits for its slot.
package struct BarrierRequest: Sendable {
    package let waiter: WaiterID
    package let deadline: Tick

    package init(waiter: WaiterID, deadline: Tick) {
        self.waiter = waiter
        self.deadline = deadline
    }
}

/// Somebody wants to know what became of a token.
package struct ResolveRequest: Sendable {
    package let waiter: WaiterID
    package let token: Token
    /// If nothing has become of it, nothing is to from now on: the answer is final.
    package let settles: Bool
    package let deadline: Tick

    package init(waiter: WaiterID, token: Token, settles: Bool, deadline: Tick) {
        self.waiter = waiter
        self.token = token
        self.settles = settles
        self.deadline = deadline
    }
}

/// Somebody wants a member to lead.
package struct TransferCall: Sendable {
    package let waiter: WaiterID
    package let target: NodeID
    package let deadline: Tick

    package init(waiter: WaiterID, target: NodeID, deadline: Tick) {
        self.waiter = waiter
        self.target = target
        self.deadline = deadline
    }
}

/// Somebody wants the log of this node to begin behind a slot.
package struct TrimRequest: Sendable {
    package let waiter: WaiterID
    package let through: Slot
    /// Also what is kept for a snapshot; of this call alone.
    package let pastSnapshots: Bool
    /// Also what is kept for a cursor; of this call alone.
    package let pastCursors: Bool
    package let deadline: Tick

    package init(
        waiter: WaiterID,
        through: Slot,
        pastSnapshots: Bool = false,
        pastCursors: Bool = false,
        deadline: Tick
    ) {
        self.waiter = waiter
        self.through = through
        self.pastSnapshots = pastSnapshots
        self.pastCursors = pastCursors
        self.deadline = deadline
    }

    /// Up to where it may go by what this node keeps for others than members.
    func limit(snapshots: Slot, cursors: Slot) -> Slot {
        min(pastSnapshots ? .limit : snapshots, pastCursors ? .limit : cursors)
    }
}

/// Somebody wants to know that of a cursor the disk holds what is known here.
package struct CursorRequest: Sendable {
    package enum Change: Hashable, Sendable {
        /// Makes it, standing there, unless there is one.
        case open(Slot)
        case flush
        case remove
    }

    package let waiter: WaiterID
    package let name: CursorName
    package let change: Change
    package let deadline: Tick

    package init(waiter: WaiterID, name: CursorName, change: Change, deadline: Tick) {
        self.waiter = waiter
        self.name = name
        self.change = change
        self.deadline = deadline
    }
}

/// What keeps slots that were to be trimmed.
package enum TrimHold: Hashable, Sendable {
    /// The member that has said last of all that they are below the watermark on its disk.
    case member(NodeID)
    /// Some member: which one is not known here.
    case members
    /// This node: it has not delivered them yet.
    case delivery
    /// A snapshot that is kept, or being written: it is of this slot.
    case snapshot(Slot)
    /// A named cursor: it stands at this slot.
    case cursor(Slot)
    /// A row that this node cannot read: what it did would be forgotten with it (`R43`).
    case damage
}

/// Names a caller that waits. The surroundings keep what resumes it under `index` and reuse the index,
/// with the next generation, once the core has replied.
package struct WaiterID: Hashable, Sendable {
    package let index: UInt32
    package let generation: UInt32

    package init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }
}

/// What becomes known to a caller that waits; each gets exactly one.
package struct Reply: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        /// In effect in the slots from `first` on, durable on a quorum, with no hole below.
        case committed(first: Slot, count: Int)
        /// The point that a barrier asked for.
        case barrier(Slot)
        /// Every slot up to there is trimmed, and what keeps the rest of what was asked for.
        case trimmed(through: Slot, TrimHold?)
        /// Where a cursor stands on the disk, or stood that was removed; nil if there is none of that name, or no
        /// room for one more.
        case cursor(Slot?)
        /// What became of a token, as far as this node has delivered the log.
        case resolved(TokenFate)
        /// The member that was to lead does, under this ballot.
        case leads(Ballot)
        /// Not in the log, and never will be.
        case never(Refusal)
        /// It may get into the log or not, under this token.
        case unknown(Token, Refusal)
    }

    package let waiter: WaiterID
    package let outcome: Outcome

    package init(waiter: WaiterID, outcome: Outcome) {
        self.waiter = waiter
        self.outcome = outcome
    }
}

/// Why a caller got no slot. Without a payload, so that a reply is plain bytes, of which thousands pass
/// from thread to thread every second.
package enum Refusal: Hashable, Sendable {
    case timedOut
    case cancelled
    /// The inbox is full and the caller would not wait.
    case overloaded
    case full
    case closed
    /// The node's status tells with what.
    case storeFailed
    /// The directory is an old copy: the node takes no part.
    case rolledBack
    /// It is in the log and has had its effect, in a slot that this node has not got: a base stands for it.
    case passed
    /// A void entry stands before it in the log: somebody has had its token settled.
    case voided
    /// It asked for one slot, which is not the next one, or is committed with something else.
    case slotTaken
    /// No append of a member has the token that was asked for.
    case noSuchToken
    /// Who was to lead is no member.
    case noSuchMember
}
