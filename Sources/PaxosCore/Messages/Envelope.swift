/// A message between two nodes: what a transport carries, and cannot look into.
///
/// A transport needs to know whom it is for, which lane it travels in and how long it is, and can turn
/// it into bytes and back. Who speaks, and whether what is said counts, is for the receiving node to
/// judge: it checks cluster, node, incarnation, boot and nonce of the sender before anything else, so a
/// transport may hand over whatever arrives.
///
/// A value: sending one to several receivers of a process, or twice, copies no payload.
public struct Envelope: Hashable, Sendable {
    package let head: Head
    package let message: Message

    package init(head: Head, message: Message) {
        self.head = head
        self.message = message
    }

    package init(
        sender: NodeIdentity,
        destination: NodeID,
        recipient: ProcessID? = nil,
        written: WriteNumber = WriteNumber(1),
        stamp: UInt64 = 0,
        claim: (heard: WriteNumber, tag: UInt64) = (.none, 0),
        message: Message
    ) {
        head = Head(
            sender: sender,
            destination: destination,
            recipient: recipient,
            written: written,
            stamp: stamp,
            heard: claim.heard,
            tag: claim.tag
        )
        self.message = message
    }

    /// What is said to each recipient apart, before a message that may be the same for all.
    package struct Head: Hashable, Sendable {
        /// All of it is checked by the receiver before the message is looked at.
        package let sender: NodeIdentity
        /// The node that the message is for.
        package let destination: NodeID
        /// The process of that node, as the sender knows it: an answer to one that has ended, or that a copy
        /// of its directory receives in its place, is nobody's. `nil` when members meet.
        package let recipient: ProcessID?
        /// Of a statement the number of its receipt, of anything else that of the sender's newest one.
        package let written: WriteNumber
        /// By it the sender will know that number if the destination hands it back.
        package let stamp: UInt64
        /// The highest write number that the sender has heard of the recipient's process: together a claim, by
        /// which that finds out whether it is where it was met (`R81`). Zero if there is none.
        package let heard: WriteNumber
        /// The stamp that came with it.
        package let tag: UInt64
    }

    package var sender: NodeIdentity { head.sender }
    /// The node that the message is for.
    public var destination: NodeID { head.destination }
    package var recipient: ProcessID? { head.recipient }
    package var written: WriteNumber { head.written }
    package var stamp: UInt64 { head.stamp }
    package var heard: WriteNumber { head.heard }
    package var tag: UInt64 { head.tag }

    /// The node that says it sent the message. A transport that knows the other end for certain, as by
    /// a certificate, drops what names anybody else.
    public var source: NodeID { sender.node }

    /// The lane in which the message travels.
    public var lane: Lane { message.lane }

    /// True for the word to a process that it does not count, such as an old copy of a directory or a second
    /// process on one. Only that process is to hear it, and the node's address may lead to another one: a
    /// transport sends it back on a connection that the process has made, if there is a way back, and
    /// drops it otherwise.
    public var isRefusal: Bool {
        if case .immediate(.refused) = message { true } else { false }
    }

    var hello: Hello? {
        if case .immediate(.hello(let hello)) = message { hello } else { nil }
    }
}

extension Envelope: CustomStringConvertible {
    /// The kind of message and its way, for people, as in `heartbeat n1 -> n2`.
    public var description: String { "\(message.kind) \(source) -> \(destination)" }
}
