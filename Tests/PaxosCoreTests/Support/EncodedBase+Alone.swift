@testable import PaxosCore

extension EncodedBase {
    /// Without a snapshot.
    init(_ base: Base) { self.init(OfferedBase(base)) }
}
