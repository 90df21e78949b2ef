/// Which slot a leader proposes an append in.
package struct ProposingRule: Hashable, Sendable {
    /// One that asks for a slot in that one alone.
    package var keepsConditions = true

    package init() {}

    package static let asAsked = ProposingRule()
}
