/// How far a member may forget what was chosen (`R15`, `R42`, `R78`).
package struct TrimmingRule: Hashable, Sendable {
    /// No slot that a member may still ask for: every member has said that the slot is below the watermark on
    /// its disk.
    package var awaitsEveryMember = true

    package init() {}

    package static let confirmed = TrimmingRule()
}
