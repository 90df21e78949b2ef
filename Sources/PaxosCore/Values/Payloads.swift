/// What one append brings.
package enum Payloads: Hashable, Sendable {
    case one([UInt8])
    /// One contiguous batch.
    case batch([[UInt8]])

    var count: Int {
        switch self {
        case .one: 1
        case .batch(let payloads): payloads.count
        }
    }

    var bytes: Int {
        switch self {
        case .one(let payload): payload.count
        case .batch(let payloads): payloads.reduce(0) { $0 + $1.count }
        }
    }

    func fits(_ limits: Limits) -> Bool {
        count <= limits.maxBatchEntries && bytes <= limits.maxBatchBytes
    }
}
