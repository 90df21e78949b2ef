/// What one step of a `NodeCore` asks its surroundings to do: independent effects, each in one field.
///
/// Agreement holds in whatever order they are carried out. Callers need one: what was delivered is shown
/// to subscribers before anybody is answered, so that whoever reads after an append returned sees it.
package struct Output: ~Copyable {
    /// For the store.
    package var write: WriteBatch?
    /// For the transport, in this order: the step's immediate messages, and the testimony whose write is
    /// durable.
    package var messages: [Envelope] = []
    /// For the reader.
    package internal(set) var reads: [ReadRequest] = []
    /// For the folder of the host's snapshots, in this order.
    package internal(set) var snapshots: [SnapshotTask] = []
    /// The slots up to here, of which some were not delivered, are passed over: a base stands for them. What
    /// is delivered in this step lies behind.
    package internal(set) var passed: Slot?
    /// Effective commands in slot order, for subscribers.
    package var delivered: [Delivered] = []
    /// Committed commands without effect among the slots delivered in this step.
    package internal(set) var ineffective: [Slot] = []
    /// A checkpoint at this slot is durable now, and with it which slots up to it are without effect.
    package internal(set) var checkpointed: Slot?
    /// For the callers that wait, those in the inbox apart.
    package var replies: [Reply] = []
    /// Why whoever is left in the inbox waits in vain, if that is so: each is told this.
    package internal(set) var refusal: Refusal?
    /// What has happened in this step that somebody may want to know, in the order in which it did.
    package internal(set) var facts: [NodeFact] = []
    /// The node has written its last row and expects nothing more.
    package internal(set) var isClosed = false

    /// Collected during the step, sealed into `write` at its end.
    var rows = WriteRows()
    var testimony: [Testimony] = []
    /// Collected during the step, sealed into `messages` at its end. `immediate` has no room for what
    /// depends on a write.
    var immediate: [Addressed<Immediate>] = []
    var released: [Testimony] = []
    /// Own and others' appends that were delivered whole, until their callers are told.
    var effective: [EffectiveRun] = []
    /// Tokens that void entries among what was delivered have used up, or had before, until their callers are told.
    var voided: [Token] = []

    init() {}

    /// Hands the delivered commands over and keeps none: what is kept of a payload here would outlive the
    /// reply to its caller.
    package mutating func takeDelivered() -> [Delivered] {
        var taken: [Delivered] = []
        swap(&taken, &delivered)
        return taken
    }

    /// Nothing of this step may be heard, or depended on.
    mutating func fallSilent() {
        messages = []
        immediate = []
        released = []
        testimony = []
    }

    mutating func send(_ message: Immediate, to destination: NodeID) {
        immediate.append(Addressed(destination: destination, body: message))
    }

    mutating func testify(_ statement: Statement, to destination: NodeID) {
        testimony.append(Testimony(destination: destination, body: statement))
    }
}

/// An effective command, handed to subscribers.
package struct Delivered: Hashable, Sendable {
    package let slot: Slot
    package let command: Command

    package init(slot: Slot, command: Command) {
        self.slot = slot
        self.command = command
    }

    package var payload: [UInt8] { command.payload }
}

/// The slots in which an append has effect.
struct EffectiveRun {
    let token: Token
    let first: Slot
    let count: Int
}
