/// When a leader hands over to a member that is to lead.
package struct TransferRule: Hashable, Sendable {
    /// Not before that one has said that it has all that was proposed here.
    package var awaitsTarget = true

    package init() {}

    package static let upToDate = TransferRule()
}
