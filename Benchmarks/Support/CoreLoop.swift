internal import PaxosCore

/// The pure core of a one-member node without a disk: every write is taken for durable at once. What is
/// left is the cost of the protocol itself.
public final class CoreLoop {
    private var core: NodeCore
    private let payload: [UInt8]
    private let limits = Limits()
    private var written = WriteNumber(1)

    /// A leader that has nothing to recover.
    public init(payloadBytes: Int) throws {
        payload = Array(repeating: 7, count: payloadBytes)
        let recovered = RecoveredState(
            cluster: try ClusterID("benchmark"),
            node: 1,
            incarnation: Incarnation(high: 1, low: 1),
            membership: try Membership([1]),
            boot: Boot(1)
        )
        core = NodeCore(recovered: recovered, limits: limits, seed: 1)
        settle(Arrivals(now: .zero))
    }

    /// Takes so many appends through one step, their receipt through another, and answers them; how
    /// many were committed.
    @discardableResult
    public func append(_ count: Int) -> Int {
        let appends = (0..<count).map { index in
            AppendRequest(
                waiter: WaiterID(index: UInt32(index), generation: 0),
                payloads: .one(payload),
                bytes: payload.count,
                deadline: .never
            )
        }
        return settle(Arrivals(now: .zero), appends)
    }

    @discardableResult
    private func settle(_ arrivals: consuming Arrivals, _ appends: [AppendRequest] = []) -> Int {
        var backlog = Backlog()
        for append in appends { backlog.append(append) }
        var committed = 0
        let step = core.begin(arrivals)
        let taken = backlog.take(step.appetite)
        var output = core.finish(step, taking: taken)
        committed += output.replies.count
        while let batch = output.write.take() {
            var next = Arrivals(now: .zero)
            written = WriteNumber(written.rawValue + 1)
            next.receipt = batch.markedDurable(written: written)
            let step = core.begin(next)
            let taken = backlog.take(step.appetite)
            output = core.finish(step, taking: taken)
            committed += output.replies.count
        }
        return committed
    }
}
