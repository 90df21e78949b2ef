/// What one process of a member must show to take the place of another (`R81`).
package struct SuccessionRule: Hashable, Sendable {
    /// A higher boot alone is not enough.
    package var asksForProof = true
    /// The proof must be above every write number that was heard.
    package var comparesHistory = true
    /// The process that counts must have been silent for an election timeout.
    package var awaitsSilence = true
    /// What somebody claims to have heard counts with the tag that this directory gave it only.
    package var checksTags = true
    /// Who is contradicted by what its peers have met is out for good.
    package var latches = true

    package init() {}

    package static let lineage = SuccessionRule()
}
