public import ReplicatedLog

/// What `TransportConformance` needs to know of a transport: how to make one, and what it promises.
///
/// ```swift
/// struct MyFixture: TransportFixture {
///     let maxBytesUnderWay = 24 << 20
///     func makeTransport(for node: NodeID) async throws -> any LogTransport {
///         MyTransport(node: node, addresses: loopback)
///     }
/// }
/// #expect(await TransportConformance.violations(of: MyFixture()) == [])
/// ```
public protocol TransportFixture: Sendable {
    /// The most bytes of messages that may be on their way from one node to another that takes none:
    /// in the queue, in the buffers of the operating system, in the receiver's hands.
    var maxBytesUnderWay: Int { get }

    /// A transport for one of the nodes 1, 2 and 3, not started. Those made last for each node reach
    /// each other; a node that is asked for again is one that restarts, after the transport made before
    /// was stopped.
    func makeTransport(for node: NodeID) async throws -> any LogTransport

    /// Makes a node take nothing that arrives, as if its process were stopped.
    ///
    /// - Returns: False if there is no such way. `receive` then blocks the thread that calls it, which
    ///   is the default.
    func pause(_ node: NodeID) async -> Bool

    /// Undoes `pause(_:)`, if that returned true.
    func resume(_ node: NodeID) async
}

extension TransportFixture {
    /// There is no way but to block `receive`.
    public func pause(_ node: NodeID) async -> Bool { false }

    /// Nothing to undo.
    public func resume(_ node: NodeID) async {}
}
